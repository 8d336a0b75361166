package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/appear"
)

// blob has a file's contents be in the cache. Of all processes of a machine one fetches it, Python's among
// them; what one that was killed has left is gone on with.
func (f folder) blob(ctx context.Context, stores *store.Stores, address string, of file) (came int64, err error) {
	blobs, locks := f.path("blobs"), filepath.Join(f.root, ".locks", f.name)
	for _, folder := range []string{blobs, locks} {
		if err := os.MkdirAll(folder, 0o777); err != nil {
			return 0, err
		}
	}
	unlock, err := wait(ctx, filepath.Join(locks, of.sum()+".lock"))
	if err != nil {
		return 0, err
	}
	defer unlock()
	return fetched(ctx, stores, address, filepath.Join(blobs, of.sum()), of.sum(), of.Size)
}

// wait holds a lock file. It stays there, as Python's does.
func wait(ctx context.Context, name string) (unlock func(), err error) {
	for {
		var lock *os.File
		lock, err = appear.Hold(name, false)
		if errors.Is(err, fs.ErrNotExist) {
			lock, err = appear.Hold(name, true)
		}
		switch {
		case err == nil:
			return func() { lock.Close() }, nil
		case errors.Is(err, appear.ErrUnlocked): // then it may be fetched twice, and is whole all the same
			return func() { lock.Close() }, nil
		case !errors.Is(err, appear.ErrHeld) && !errors.Is(err, fs.ErrExist):
			return nil, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// fetched has a file be there under its name, of contents with a digest: SHA-256, or git's SHA-1 where it is
// shorter; size is -1 where it is not known. Until then it is called NAME.ortho.incomplete.
func fetched(ctx context.Context, stores *store.Stores, address, name, sum string, size int64) (came int64, err error) {
	if _, err := os.Stat(name); err == nil {
		return 0, nil
	}
	part, err := appear.Hold(name+".ortho.incomplete", false)
	if errors.Is(err, fs.ErrNotExist) {
		part, err = appear.Hold(name+".ortho.incomplete", true)
	}
	if err != nil && !errors.Is(err, appear.ErrUnlocked) {
		return 0, err
	}
	defer part.Close()
	for again := false; ; again = true {
		info, err := part.Stat()
		if err != nil {
			return came, err
		}
		n, err := complete(ctx, stores, address, part, sum, size)
		came += n
		if errors.Is(err, errOther) {
			// What an earlier process has left may not have been of this file.
			if late := part.Truncate(0); info.Size() > 0 && !again && late == nil {
				continue
			}
			os.Remove(part.Name())
		}
		if err != nil {
			if info, late := part.Stat(); late == nil && info.Size() == 0 {
				os.Remove(part.Name())
			}
			return came, err
		}
		break
	}
	if err := appear.Sync(part); err != nil {
		return came, err
	}
	if err := appear.Move(part.Name(), name); err != nil && !errors.Is(err, fs.ErrExist) {
		return came, err
	}
	return came, nil
}

// errOther is of contents that are not those that were wanted.
var errOther = errors.New("what came is not what was wanted")

// complete appends what is missing of a file, and compares all of it with its digest.
func complete(ctx context.Context, stores *store.Stores, address string, part *os.File, sum string, size int64) (came int64, err error) {
	if _, err := part.Seek(0, io.SeekStart); err != nil {
		return 0, err
	}
	info, err := part.Stat()
	if err != nil {
		return 0, err
	}
	from := info.Size()
	if size >= 0 && from > size {
		return 0, errOther
	}
	digest := digestOf(sum, size)
	if _, err := io.Copy(digest, part); err != nil {
		return 0, err
	}
	if from != size {
		r, err := stores.Open(ctx, address, from, -1)
		if err != nil {
			return 0, refused(err)
		}
		defer r.Close()
		if size < 0 && r.Size > maxGraph {
			return 0, fmt.Errorf("has %d bytes; a graph has %d at most", r.Size, int64(maxGraph))
		}
		limit := size
		if size < 0 {
			limit = maxGraph
		}
		came, err = io.Copy(io.MultiWriter(part, digest), io.LimitReader(r, limit-from+1))
		if err != nil {
			return came, refused(err)
		}
		if from+came > limit {
			return came, fmt.Errorf("%w: it has more than %d bytes", errOther, limit)
		}
	}
	if got := hex.EncodeToString(digest.Sum(nil)); got != sum {
		return came, fmt.Errorf("%w: its digest is %s, and should be %s", errOther, got, sum)
	}
	return came, nil
}

// digestOf is what makes a digest of such a length.
func digestOf(sum string, size int64) hash.Hash {
	if len(sum) == 2*sha256.Size {
		return sha256.New()
	}
	git := sha1.New()
	io.WriteString(git, "blob "+strconv.FormatInt(size, 10)+"\x00")
	return git
}

// maxGraph bounds the bytes of a graph that is fetched by its URL: protobuf holds no more.
const maxGraph = 2 << 30

// byURL has a graph be on this machine, in ortho's own part of the user's folder of caches.
func (h *Hub) byURL(ctx context.Context, name string) (Model, error) {
	u, err := ParseURL(name)
	if err != nil {
		return Model{}, err
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return Model{}, fmt.Errorf("where models are kept is not known: %w", err)
	}
	base := store.Base(u.URL)
	if !strings.EqualFold(filepath.Ext(base), ".onnx") || !plain(base) {
		return Model{}, fmt.Errorf("%s: a graph is fetched by its URL, which ends with .onnx", store.Shown(u.URL))
	}
	folder := filepath.Join(user, "ortho", "models", u.SHA256)
	m := Model{Path: filepath.Join(folder, base), Name: store.Shown(u.URL) + "#sha256=" + u.SHA256, Files: 1}
	if _, err := os.Stat(m.Path); err == nil {
		return m, nil
	}
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return Model{}, err
	}
	unlock, err := wait(ctx, filepath.Join(folder, "lock"))
	if err != nil {
		return Model{}, err
	}
	defer unlock()
	if _, err := os.Stat(m.Path); err == nil { // another process has fetched it
		return m, nil
	}
	o, err := h.Stores.Stat(ctx, u.URL)
	if err != nil {
		return Model{}, err
	}
	if h.Tell != nil {
		h.Tell(fmt.Sprintf("%s: fetching %.1f MB", store.Shown(u.URL), float64(max(o.Size, 0))/1e6))
	}
	if m.Fetched, err = fetched(ctx, h.Stores, u.URL, m.Path, u.SHA256, o.Size); err != nil {
		return Model{}, fmt.Errorf("%s: %w", store.Shown(u.URL), err)
	}
	return m, nil
}
