package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"ortho/runner/regular"
)

// codecsVersion is that of Pillow, whose wheel holds the libraries that decode images: those of
// the very pixels that the golden files hold.
const codecsVersion = "13.0.0"

// codecsTable holds the wheels, as pip fetches them. Windows' has the libraries linked into
// Python's own modules.
var codecsTable = []row{
	{"codecs", "linux", "amd64", codecsVersion, "pip", "pillow", "manylinux_2_28_x86_64", "", "42d63be3af4f9b951b199b0a9d23365d37ab14687e6d77b74940432c8515c4ca", nil},
	{"codecs", "linux", "arm64", codecsVersion, "pip", "pillow", "manylinux_2_28_aarch64", "", "8bf295fe459343bc6093c8e5e0df60bfa189e0fcb775a22e2c2488fdeccc6c0d", nil},
	{"codecs", "darwin", "arm64", codecsVersion, "pip", "pillow", "macosx_11_0_arm64", "", "fc481f742ccda20e9ed760b8f978dff50f2a4e9bc253ac167fb0a05b0783ef52", nil},
	{"codecs", "darwin", "amd64", codecsVersion, "pip", "pillow", "macosx_10_13_x86_64", "", "67c8d44ad89fa7eb88de5d6ef6199b1e03dd24974f85a67639fc8badb801fe79", nil},
}

// codecFile are the libraries that are taken out of the wheel, in its folder pillow.libs or
// PIL/.dylibs.
var codecFile = regexp.MustCompile(`^lib(jpeg|tiff|webp|webpdemux|webpmux|sharpyuv|avif|openjp2|lcms2|lzma|zstd|z)[-.][-.0-9a-z]*(\.so[.0-9]*|\.dylib)$`)

var codecFolders = []string{"pillow.libs", "PIL/.dylibs"}

// ErrNoCodecs says that no libraries are offered for this machine.
var ErrNoCodecs = errors.New("no libraries that decode images are offered for " + runtime.GOOS + " on " + runtime.GOARCH)

// codecsRecord is install.json of a folder of codecs.
type codecsRecord struct {
	Package string    `json:"package"` // "pillow==13.0.0"; from: the file's name
	Files   pins      `json:"files"`
	Time    time.Time `json:"time"`
}

// Codecs are the libraries that decode images, as they are installed.
type Codecs struct {
	Folder  string
	Package string // what they came in
}

// HoldsCodecs reports whether a file's name is that of a wheel which [InstallCodecs] takes.
func HoldsCodecs(file string) bool {
	return regexp.MustCompile(`(?i)^pillow-[0-9].*\.whl$`).MatchString(filepath.Base(file))
}

// InstalledCodecs finds the folder that InstallCodecs has made, if it is whole.
func InstalledCodecs() (Codecs, error) {
	data, err := DataDir()
	if err != nil {
		return Codecs{}, err
	}
	return intactCodecs(codecsTarget(filepath.Join(data, "codecs")))
}

func codecsTarget(root string) string {
	return filepath.Join(root, strings.Join([]string{"pillow", runtime.GOOS, runtime.GOARCH}, "-"))
}

// InstallCodecs puts the C libraries that decode images into the user's data folder, as
// codecs/pillow-<os>-<arch>: all of them or, on any error and when ctx ends, nothing. They come by
// pip, in the wheel that the table pins, or out of the one that From names. Source and Flavor don't
// matter.
func InstallCodecs(ctx context.Context, opt InstallOptions) (Codecs, error) {
	if opt.Notify == nil {
		opt.Notify = func(string) {}
	}
	data, err := DataDir()
	if err != nil {
		return Codecs{}, err
	}
	in := installer{ctx: ctx, opt: opt, root: filepath.Join(data, "codecs")}
	c, err := in.codecs()
	if err != nil {
		return Codecs{}, fmt.Errorf("install the libraries that decode images: %w", err)
	}
	return c, nil
}

func (in installer) codecs() (Codecs, error) {
	at := slices.IndexFunc(codecsTable, func(r row) bool { return r.os == runtime.GOOS && r.arch == runtime.GOARCH })
	if at < 0 && in.opt.From == "" {
		return Codecs{}, ErrNoCodecs
	}
	if in.opt.From == "" && !in.opt.Force {
		if c, err := intactCodecs(codecsTarget(in.root)); err == nil && c.Package == "pillow=="+codecsVersion {
			in.opt.Notify(fmt.Sprintf("the libraries of %s are already installed in %s", c.Package, c.Folder))
			return c, nil
		} else if err != nil && !errors.Is(err, os.ErrNotExist) {
			in.opt.Notify(fmt.Sprintf("replacing what is in %s: %v", codecsTarget(in.root), err))
		}
	}
	work, err := in.workFolder()
	if err != nil {
		return Codecs{}, err
	}
	defer os.RemoveAll(work)
	wheel, pkg := in.opt.From, filepath.Base(in.opt.From)
	if wheel == "" {
		r := codecsTable[at]
		if wheel, err = in.pip(r, work); err != nil {
			return Codecs{}, err
		}
		pkg = r.pkg + "==" + r.version
	}
	digest, err := fileDigest(wheel)
	if err != nil {
		return Codecs{}, err
	}
	switch pinned := slices.ContainsFunc(codecsTable, func(r row) bool { return r.sha256 == digest }); {
	case pinned:
		pkg = "pillow==" + codecsVersion
	case in.opt.From == "":
		return Codecs{}, fmt.Errorf("%s has SHA-256 %s, but %s is pinned: not installed", pkg, digest, codecsTable[at].sha256)
	default:
		in.opt.Notify(fmt.Sprintf("warning: %s is not in the pinned table; its SHA-256 is %s", wheel, digest))
	}
	folder := filepath.Join(work, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return Codecs{}, err
	}
	rec := codecsRecord{Package: pkg, Time: time.Now().UTC().Truncate(time.Second)}
	if rec.Files, err = in.takeCodecs(wheel, folder); err != nil {
		return Codecs{}, fmt.Errorf("%s: %w", pkg, err)
	}
	text, err := json.MarshalIndent(rec, "", "  ")
	if err != nil {
		return Codecs{}, err
	}
	if _, err := writeFile(filepath.Join(folder, recordName), strings.NewReader(string(text)+"\n")); err != nil {
		return Codecs{}, err
	}
	return in.putCodecs(work, folder)
}

// takeCodecs unpacks the libraries and their licences.
func (in installer) takeCodecs(wheel, folder string) (pins, error) {
	files := pins{}
	u := unpacker{ctx: in.ctx, dir: folder, limit: packageLimits, folders: map[string]string{"": folder}}
	u.visit = func(name string, size int64, open func() (io.ReadCloser, error)) error {
		if err := u.count(); err != nil {
			return err
		}
		name = path.Clean(strings.ReplaceAll(name, `\`, "/"))
		base := path.Base(name)
		library := slices.Contains(codecFolders, path.Dir(name)) && codecFile.MatchString(base)
		if !library && !licencePattern.MatchString(base) || files[base] != "" {
			return nil
		}
		file, err := u.extract("", base, size, open)
		if err != nil {
			return err
		}
		if library {
			if err := checkHeader(file); err != nil {
				return fmt.Errorf("it is not for this machine: %w", err)
			}
		}
		files[base], err = fileDigest(file)
		return err
	}
	if err := u.walk(wheel); err != nil {
		return nil, err
	}
	for name := range files {
		if strings.HasPrefix(name, "libjpeg") {
			return files, nil
		}
	}
	return nil, errors.New("it holds no libjpeg for this machine")
}

// putCodecs moves the folder to its place in one step.
func (in installer) putCodecs(work, folder string) (Codecs, error) {
	syncFolder(folder)
	if err := in.ctx.Err(); err != nil {
		return Codecs{}, err
	}
	target := codecsTarget(in.root)
	for try := 0; ; try++ {
		err := os.Rename(folder, target)
		if err == nil {
			break
		}
		if c, bad := intactCodecs(target); bad == nil && !in.opt.Force && in.opt.From == "" && c.Package == "pillow=="+codecsVersion {
			return c, nil // another process was faster
		}
		if try == 5 {
			return Codecs{}, fmt.Errorf("replace %s: %w", target, err)
		}
		if err := setAside(target, work, try); err != nil {
			return Codecs{}, err
		}
	}
	syncFolder(in.root)
	return intactCodecs(target)
}

// intactCodecs checks an installed folder against its record.
func intactCodecs(folder string) (Codecs, error) {
	f, err := regular.Open(filepath.Join(folder, recordName))
	if err != nil {
		return Codecs{}, err
	}
	defer f.Close()
	r, err := parseCodecsRecord(f)
	if err != nil {
		return Codecs{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	for name, want := range r.Files {
		digest, err := fileDigest(filepath.Join(folder, name))
		if err != nil {
			return Codecs{}, fmt.Errorf("a library that was installed is gone: %v", err)
		}
		if digest != want {
			return Codecs{}, fmt.Errorf("%s has SHA-256 %s, installed was %s", filepath.Join(folder, name), digest, want)
		}
	}
	return Codecs{folder, r.Package}, nil
}

func parseCodecsRecord(text io.Reader) (codecsRecord, error) {
	var r codecsRecord
	if err := json.NewDecoder(io.LimitReader(text, 1<<20)).Decode(&r); err != nil {
		return codecsRecord{}, err
	}
	for name := range r.Files {
		if !isFileName(name) {
			return codecsRecord{}, fmt.Errorf("%q is not a file's name", name)
		}
	}
	return r, nil
}
