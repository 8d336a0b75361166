package source

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/runner/regular"
)

// unusable says why no image can be had from an archive, even an intact one.
type unusable string

func (u unusable) Error() string { return string(u) }

// archive reports whether a regular file is, by its name, an archive of images.
func archive(name string) bool {
	return strings.EqualFold(filepath.Ext(name), ".tar") || compressed(name, "") != nil
}

func checkTar(name string) error {
	var err error
	var passed Passed
	untar(name, &passed, func(item Item) bool {
		if item.Name == name {
			_, err = item.Read(context.Background())
		}
		return false
	})
	if _, is := errors.AsType[unusable](err); is {
		return barren{fmt.Errorf("archive %s %w%s", name, err, passed.besides())}
	}
	return nil
}

// untar yields the images in a tar file in its order; names may repeat. As in
// folders, hidden ones are left out (macOS adds a ._x.jpg to each x.jpg). Only
// headers are read; passed counts the entries that are no images. Where they end before the archive does, that is an item of the
// archive's name.
func untar(name string, passed *Passed, yield func(Item) bool) bool {
	f, err := regular.Open(name)
	if err != nil {
		return yield(failed(name, fmt.Errorf("open archive: %w", reason(err))))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return yield(failed(name, fmt.Errorf("open archive: %w", reason(err))))
	}
	w := &window{from: f}
	images := 0
	for headers := tar.NewReader(w); ; {
		header, err := headers.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // member checks paths
			err = w.atEnd(err, images)
			return err == nil || yield(failed(name, err))
		}
		inside, err := member(header)
		if inside == "" {
			passed.entry(header)
			continue
		}
		images++
		s := section{name, info, w.offset, header.Size}
		item := Item{Name: name + "/" + inside, Path: strings.TrimSuffix(name, filepath.Ext(name)) + "/" + inside, Read: s.read, File: name,
			entry: &written{size: header.Size, time: header.ModTime}}
		if err != nil {
			item = failed(item.Name, err)
		}
		if !yield(item) {
			return false
		}
		if err == nil && s.cut() {
			return true // the item says so; nothing follows it
		}
	}
}

// member gives the name of an entry that its ending makes an image, and why it
// can't be used. Of other entries the name is empty.
func member(h *tar.Header) (name string, err error) {
	if h.Typeflag == tar.TypeDir || h.Typeflag == tar.TypeXGlobalHeader || !slices.Contains(Endings, strings.ToLower(path.Ext(h.Name))) {
		return "", nil
	}
	elements := strings.Split(h.Name, "/")
	switch {
	case len(h.Name) > MaxPath:
		return strings.ReplaceAll(h.Name[:100], "\x00", "\uFFFD") + "...", fmt.Errorf("has a name of %d bytes; it may have %d at most", len(h.Name), MaxPath)
	case strings.Contains(h.Name, "\x00"): // GNU.sparse.name may have one
		return strings.ReplaceAll(h.Name, "\x00", "\uFFFD"), errors.New("has a NUL in its name")
	case h.Name[0] == '/', slices.Contains(elements, ".."), strings.Contains(h.Name, `\`), drive(h.Name):
		return h.Name, errors.New("has a name that is not a plain path inside the archive (absolute, with .., a backslash or a drive)")
	case slices.ContainsFunc(elements, func(e string) bool { return strings.HasPrefix(e, ".") && e != "." }):
		return "", nil
	}
	return path.Clean(h.Name), typed(h)
}

// typed returns why an entry is of no type that has an image's bytes; nil: it is.
func typed(h *tar.Header) error {
	switch h.Typeflag {
	case tar.TypeReg, tar.TypeCont:
		for key := range h.PAXRecords {
			if strings.HasPrefix(key, "GNU.sparse.") {
				return errSparse
			}
		}
		return nil
	case tar.TypeGNUSparse:
		return errSparse
	case tar.TypeLink, tar.TypeSymlink:
		return errors.New("is a link; links in an archive are not followed")
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return errors.New("is a device or a pipe, not an image")
	}
	return fmt.Errorf("is an entry of the unknown type %q", h.Typeflag)
}

var errSparse = errors.New("is a sparse entry, which is not read; make the archive without --sparse")

func drive(name string) bool {
	letter := name[0] | 0x20
	return len(name) > 1 && name[1] == ':' && 'a' <= letter && letter <= 'z'
}

// section is the bytes of one entry.
type section struct {
	archive      string
	info         fs.FileInfo // of the archive as its headers were read
	offset, size int64
}

func (s section) cut() bool { return s.size > s.info.Size()-s.offset }

// read opens the archive anew: any number may be read at once, and none stays open.
func (s section) read(ctx context.Context) ([]byte, error) {
	if s.cut() {
		return nil, fmt.Errorf("the archive is cut short: it ends after %d of the entry's %d bytes, and what followed is lost", max(0, s.info.Size()-s.offset), s.size)
	}
	f, err := regular.Open(s.archive)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", reason(err))
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", reason(err))
	}
	if !os.SameFile(info, s.info) || info.Size() != s.info.Size() || !info.ModTime().Equal(s.info.ModTime()) {
		return nil, errors.New("the archive was changed after its headers were read")
	}
	return readAll(ctx, io.NewSectionReader(f, s.offset, s.size), s.size, MaxFile)
}

// window reads headers through a small buffer: archive/tar seeks over what lies
// between them, so that an entry costs one read. offset is where it is.
type window struct {
	from   io.ReaderAt
	offset int64
	held   []byte // what starts at start
	start  int64
	buffer [4096]byte
}

func (w *window) Read(p []byte) (int, error) {
	if w.offset < w.start || w.offset >= w.start+int64(len(w.held)) {
		n, err := w.from.ReadAt(w.buffer[:], w.offset)
		w.start, w.held = w.offset, w.buffer[:n]
		if n == 0 {
			return 0, err
		}
	}
	n := copy(p, w.held[w.offset-w.start:])
	w.offset += int64(n)
	return n, nil
}

// Seek goes on from where it is, which is all that archive/tar asks for.
func (w *window) Seek(by int64, whence int) (int64, error) {
	if whence != io.SeekCurrent || w.offset+by < 0 {
		return 0, io.ErrUnexpectedEOF // past all that a file can hold
	}
	w.offset += by
	return w.offset, nil
}

// atEnd says what is wrong with an archive that gave no further header, if anything.
func (w *window) atEnd(err error, images int) error {
	const block = 512
	var last, first [block]byte
	n := 0
	if w.offset <= block { // nothing was understood
		n, _ = w.from.ReadAt(first[:], 0)
		if packed := compressed("", string(first[:n])); packed != nil {
			return unusable(fmt.Sprintf("is compressed with %s, which its name does not say: give it one that ends with %s", packed.tool, packed.endings[0]))
		}
	}
	switch {
	case w.offset <= block && images == 0 && isPlain(first[:n]):
		return errors.New("is not a tar archive: by its bytes, it is text")
	case err == io.EOF:
		n := 0
		if w.offset >= block {
			n, _ = w.from.ReadAt(last[:], w.offset-block)
		}
		switch {
		case n < block || last != [block]byte{}: // archive/tar lets that pass
			return fmt.Errorf("has no end-of-archive mark: it is cut short at byte %d, after %s, or was never finished", w.offset, count(images))
		case w.more():
			return fmt.Errorf("goes on behind its end-of-archive mark at byte %d, after %s: what follows (another archive, joined by cat?) is left out; give it as a file of its own", w.offset, count(images))
		case images == 0:
			return unusable("holds no images (entries ending in " + strings.Join(Endings, " ") + ")")
		}
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("is cut short at byte %d, after %s; what followed is lost", w.offset, count(images))
	case w.offset <= block && errors.Is(err, tar.ErrHeader):
		return errors.New("is not a tar archive, or its first header is damaged")
	}
	return fmt.Errorf("can't be read beyond byte %d, after %s; what follows is lost: %w", w.offset, count(images), reason(err))
}

// more reports whether anything but padding follows the end.
func (w *window) more() bool {
	const padding = 1 << 20 // far more than tar's blocking factors make
	rest := io.NewSectionReader(w.from, w.offset, padding)
	for {
		n, err := rest.Read(w.buffer[:])
		for _, b := range w.buffer[:n] {
			if b != 0 {
				return true
			}
		}
		if err != nil {
			return false
		}
	}
}

func count(images int) string {
	if images == 1 {
		return "1 image"
	}
	return fmt.Sprintf("%d images", images)
}

// compressed says of an archive's name, or of its first bytes, how it is compressed; nil: it is not.
func compressed(name, start string) *compression {
	name = strings.ToLower(name)
	for i, c := range compressions {
		if start != "" && strings.HasPrefix(start, c.magic) || slices.ContainsFunc(c.endings, func(e string) bool { return strings.HasSuffix(name, e) }) {
			return &compressions[i]
		}
	}
	return nil
}

// longestMagic is as many bytes of a file as the longest magic has.
const longestMagic = 6

type compression struct {
	tool, magic string
	endings     []string
}

var compressions = []compression{
	{"gzip", "\x1f\x8b", []string{".tar.gz", ".tgz"}},
	{"zstd", "\x28\xb5\x2f\xfd", []string{".tar.zst", ".tzst"}},
	{"xz", "\xfd7zXZ\x00", []string{".tar.xz", ".txz"}},
	{"bzip2", "BZh", []string{".tar.bz2", ".tbz2", ".tbz"}},
}

// isPlain reports whether the beginning of a file is text.
func isPlain(begin []byte) bool {
	for _, b := range begin {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b == 0x7f {
			return false
		}
	}
	return len(begin) > 0
}
