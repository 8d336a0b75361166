package job

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/store"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

// shipped is an output in a store. Its rows are made in a folder of the user's caches, as any file's, and
// put there when all of them are: what a run that was interrupted has left is in the folder, for --resume
// on the same machine.
type shipped struct {
	stores *store.Stores
	uri    string
	folder string
	local  string // the file
	there  bool   // in the store, when the run began
	same   bool   // and it is the local one
	reused bool   // it may be replaced
}

// maxRecord bounds the bytes of a record that is fetched.
const maxRecord = 256 << 20

// ship opens an output in a store.
func (r *rows[R]) ship(ctx context.Context) (err error) {
	uri := r.Rows.File
	s := &shipped{stores: source.Stores(), uri: uri, reused: r.Rows.Mode != record.Fresh}
	if r.Images != nil && r.Images.Names(uri) {
		return fmt.Errorf("this run reads %s, and its output would replace it: give another name", uri)
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return fmt.Errorf("the rows of %s are kept in the user's folder of caches until all are there: %w", uri, err)
	}
	sum := sha256.Sum256([]byte(uri))
	s.folder = filepath.Join(user, "ortho", "outputs", hex.EncodeToString(sum[:16]))
	s.local = filepath.Join(s.folder, store.Base(uri))
	_, err = s.stores.Stat(ctx, uri)
	switch s.there = err == nil; {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("output %w", err)
	case s.there && r.Rows.Mode == record.Fresh:
		return fmt.Errorf("output %s exists: --overwrite replaces it, --update brings it up to date", uri)
	}
	if err := os.MkdirAll(s.folder, 0o700); err != nil {
		return fmt.Errorf("make a folder for the rows of %s: %w", uri, err)
	}
	if s.there && r.Rows.Resumes() {
		if err := s.fetch(ctx); err != nil {
			return err
		}
	} else if err := os.Remove(s.local); err != nil && !errors.Is(err, fs.ErrNotExist) && !r.Rows.Resumes() {
		return fmt.Errorf("rows of an earlier run: %w", err) // which could not be put into the store
	}
	here := *r.Rows
	here.File = s.local
	r.Rows, r.shipped = &here, s
	return r.openRun()
}

// fetch brings the rows and the record of an earlier run.
func (s *shipped) fetch(ctx context.Context) error {
	if _, err := os.Stat(s.local + ".partial"); err == nil {
		return nil // it goes on from there
	}
	for beside, limit := range map[string]int64{"": 0, ".run.json": maxRecord} {
		from, err := s.stores.Open(ctx, s.uri+beside, 0, -1)
		if beside != "" && errors.Is(err, fs.ErrNotExist) {
			continue // the run says that there is none
		}
		if err != nil {
			return fmt.Errorf("output: %w", err)
		}
		err = s.write(from, s.local+beside, limit)
		from.Close()
		if err != nil {
			return fmt.Errorf("fetch %s: %w", s.uri+beside, err)
		}
	}
	s.same = true
	return nil
}

func (s *shipped) write(from io.Reader, name string, limit int64) error {
	to, err := appear.Create(name)
	if err != nil {
		return err
	}
	defer to.Discard()
	n := int64(0)
	if limit > 0 {
		n, err = io.Copy(to, io.LimitReader(from, limit+1))
	} else {
		_, err = io.Copy(to, from)
	}
	if err == nil && limit > 0 && n > limit {
		err = fmt.Errorf("it has more than %d bytes", limit)
	}
	if err != nil {
		return err
	}
	return to.Commit()
}

// put has the complete rows be in the store, and the record beside them.
func (s *shipped) put(ctx context.Context, leavesRecord bool) error {
	f, err := regular.Open(s.local)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	put := s.stores.PutNew
	if s.reused || s.there {
		put = s.stores.Put
	}
	if err = put(ctx, s.uri, f, info.Size()); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has appeared meanwhile, and stays; the rows of this run are in %s", s.uri, s.local)
	} else if err != nil {
		return fmt.Errorf("%w; the rows are in %s, and --resume puts them there", err, s.local)
	}
	s.same = true
	if !leavesRecord {
		return nil
	}
	data, err := read(s.local+".run.json", maxRecord)
	if err != nil {
		return err
	}
	return s.stores.Put(ctx, s.uri+".run.json", bytes.NewReader(data), int64(len(data)))
}

func read(name string, limit int64) ([]byte, error) {
	f, err := regular.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, limit))
}

// tidy takes away what is in the store by now.
func (s *shipped) tidy() {
	if s != nil && s.same {
		os.RemoveAll(s.folder)
	}
}

// sendOff puts the complete rows into the store, if they go to one, and are not there.
func (r *rows[R]) sendOff(ctx context.Context) error {
	if r.shipped == nil || r.shipped.same && r.complete() && !r.made {
		return nil
	}
	if err := r.shipped.put(ctx, r.Rows.LeavesRecord()); err != nil {
		return fmt.Errorf("finish output: %w", err)
	}
	return nil
}

// checkRemote refuses what does not go into a store.
func (r *rows[R]) checkRemote() error {
	if scheme := store.Shown(r.Rows.File); len(scheme) > 4 && scheme[:4] == "http" {
		return commandline.Usagef("-o %s: outputs go to files, s3:// or gs://", scheme)
	}
	return nil
}
