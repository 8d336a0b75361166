package library

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"

	"ortho/runner/regular"
)

// limits bound what is read out of a package.
type limits struct {
	file    int64 // bytes of one file
	total   int64 // bytes of everything, unpacked
	entries int
}

var packageLimits = limits{file: 2 << 30, total: 8 << 30, entries: 100_000}

// Only the library, its companions and files of these names leave a package, under
// these names: nothing in it chooses where they go. Links are passed over.
var licencePattern = regexp.MustCompile(`^(LICENSE(\.txt|\.md)?|ThirdPartyNotices\.txt)$`)

// contents is what was taken out of a package: paths of files in a work folder.
type contents struct {
	library    string
	companions []string // libraries that providers need, and that lay beside it
	licences   []string
}

// unpack takes the library that fits this machine out of a wheel, zip, tgz,
// folder or bare library, with the companions beside it that take wants by their
// names, into dir. inside, where it is not "", is the library's path in the package.
func unpack(ctx context.Context, pkg, dir, inside string, take func(name string) bool, limit limits) (contents, error) {
	u := unpacker{ctx: ctx, dir: dir, inside: inside, take: take, limit: limit, folders: map[string]string{}, companions: map[string][]string{}}
	u.visit = u.keep
	if err := u.walk(pkg); err != nil {
		return contents{}, err
	}
	if u.got.library == "" {
		want := libraryName
		if inside != "" {
			want = inside
		}
		return contents{}, fmt.Errorf("it holds no %s for this machine%s", want, u.refused)
	}
	u.got.companions = u.companions[filepath.Dir(u.got.library)]
	return u.got, nil
}

type unpacker struct {
	ctx        context.Context
	visit      func(name string, size int64, open func() (io.ReadCloser, error)) error
	dir        string
	inside     string
	take       func(name string) bool
	limit      limits
	entries    int
	total      int64
	folders    map[string]string   // folder in the package: its folder in dir
	companions map[string][]string // by folder in dir
	got        contents
	refused    string // why the last library that was seen is not it
}

func (u *unpacker) walk(pkg string) error {
	info, err := os.Stat(pkg)
	if err != nil {
		return err
	}
	if info.IsDir() {
		return u.walkFolder(pkg)
	}
	if !info.Mode().IsRegular() {
		return errors.New("not a regular file")
	}
	f, err := regular.Open(pkg)
	if err != nil {
		return err
	}
	defer f.Close()
	var magic [4]byte
	io.ReadFull(f, magic[:]) // a shorter file is no archive
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	switch {
	case string(magic[:2]) == "PK":
		return u.walkZip(f, info.Size())
	case magic[0] == 0x1f && magic[1] == 0x8b:
		return u.walkTar(f)
	}
	name := filepath.Base(pkg)
	if !libraryPattern.MatchString(name) {
		name = libraryName // a bare library may be called anything
	}
	if _, err := readHeader(f); err != nil {
		return fmt.Errorf("not a wheel, zip, tgz, folder or library: %v", err)
	}
	if err := checkHeader(pkg); err != nil {
		return err
	}
	return u.visit(name, info.Size(), func() (io.ReadCloser, error) { return regular.Open(pkg) })
}

func (u *unpacker) walkFolder(root string) error {
	return filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Stat(name) // the user's own links are followed
		if err != nil || !info.Mode().IsRegular() {
			return u.count()
		}
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return u.visit(filepath.ToSlash(rel), info.Size(), func() (io.ReadCloser, error) { return regular.Open(name) })
	})
}

func (u *unpacker) walkZip(r io.ReaderAt, size int64) error {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return err
	}
	for _, f := range z.File {
		if !f.Mode().IsRegular() {
			continue
		}
		if err := u.visit(f.Name, int64(min(f.UncompressedSize64, 1<<62)), f.Open); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) walkTar(r io.Reader) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return err
	}
	defer z.Close()
	stream := &counted{r: z, left: u.limit.total, ctx: u.ctx} // what is skipped counts too
	t := tar.NewReader(stream)
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg {
			if err := u.count(); err != nil {
				return err
			}
			continue
		}
		if err := u.visit(h.Name, h.Size, func() (io.ReadCloser, error) { return io.NopCloser(t), nil }); err != nil {
			return err
		}
	}
}

func (u *unpacker) count() error {
	if u.entries++; u.entries > u.limit.entries {
		return fmt.Errorf("more than %d entries", u.limit.entries)
	}
	return u.ctx.Err()
}

// keep keeps the file if it is one of those wanted.
func (u *unpacker) keep(name string, size int64, open func() (io.ReadCloser, error)) error {
	if err := u.count(); err != nil {
		return err
	}
	name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
	folder, base := path.Dir(name), path.Base(name)
	switch {
	case libraryPattern.MatchString(base):
		if u.got.library != "" || u.inside != "" && name != u.inside {
			return nil
		}
		file, err := u.extract(folder, base, size, open)
		if err != nil {
			return err
		}
		if err := checkHeader(file); err != nil {
			u.refused = fmt.Sprintf(" (%s: %v)", name, errors.Unwrap(err))
			return os.Remove(file)
		}
		u.got.library = file
	case u.take(base):
		if u.inside != "" && folder != path.Dir(u.inside) {
			return nil
		}
		file, err := u.extract(folder, base, size, open)
		if err != nil {
			return err
		}
		u.companions[filepath.Dir(file)] = append(u.companions[filepath.Dir(file)], file)
	case licencePattern.MatchString(base):
		for _, have := range u.got.licences {
			if filepath.Base(have) == base {
				return nil
			}
		}
		file, err := u.extract("", base, size, open)
		if err != nil {
			return err
		}
		u.got.licences = append(u.got.licences, file)
	}
	return nil
}

// extract writes one file into dir, apart from those of other folders.
func (u *unpacker) extract(folder, base string, size int64, open func() (io.ReadCloser, error)) (string, error) {
	if size > u.limit.file || u.total+size > u.limit.total {
		return "", fmt.Errorf("%s: %d bytes, too large", base, size)
	}
	in, ok := u.folders[folder]
	if !ok {
		in = filepath.Join(u.dir, fmt.Sprint(len(u.folders)))
		if err := os.MkdirAll(in, 0o755); err != nil {
			return "", err
		}
		u.folders[folder] = in
	}
	r, err := open()
	if err != nil {
		return "", fmt.Errorf("%s: %w", base, err)
	}
	defer r.Close()
	file := filepath.Join(in, base)
	limit := min(u.limit.file, u.limit.total-u.total)
	n, err := writeFile(file, &counted{r: r, left: limit, ctx: u.ctx})
	u.total += n
	if err != nil {
		return "", fmt.Errorf("unpack %s: %w", base, err)
	}
	return file, nil
}

// writeFile writes a new file through to the disk.
func writeFile(name string, r io.Reader) (int64, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return 0, err
	}
	n, err := io.Copy(f, r)
	return n, errors.Join(err, f.Sync(), f.Close())
}

// counted fails after left bytes, and when ctx is done.
type counted struct {
	r    io.Reader
	left int64
	ctx  context.Context
}

func (c *counted) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, errors.New("too large")
	}
	return n, err
}
