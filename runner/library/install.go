package library

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"

	"ortho/runner/appear"
)

// Sources of an installation; "auto" tries them in this order.
var installSources = []string{"pip", "npm", "github"}

// InstallOptions say what Install installs. The zero value is the official CPU
// build from whichever source works.
type InstallOptions struct {
	Source string            // "auto" (or ""), "pip", "npm", "github"
	From   string            // a wheel, zip, tgz, folder or library to install instead of fetching one
	Flavor string            // "": "cpu"; with From: as its files show
	Force  bool              // replace one that is there already
	Notify func(line string) // what is being done, and warnings; may be nil
	// Fetched is told a few times a second how many bytes of a package have come, and at last that it is done
	// with it; may be nil. What a client keeps elsewhere until it has all of it (npm) does not count before.
	Fetched func(bytes int64, done bool)
}

// Install puts ONNX Runtime's library into the user's data folder, as
// onnxruntime/<flavor>-<version>-<os>-<arch>: all of it or, on any error and when
// ctx ends, nothing. What pip and npm bring must have the digest that the table
// pins, what GitHub brings the one that the release publishes; From takes any
// that can be used, and warns of one that the table doesn't know. One that is
// there already and intact is left alone, unless Force.
func Install(ctx context.Context, opt InstallOptions) (Found, error) {
	if opt.Notify == nil {
		opt.Notify = func(string) {}
	}
	data, err := DataDir()
	if err != nil {
		return Found{}, err
	}
	in := installer{ctx: ctx, opt: opt, root: filepath.Join(data, "onnxruntime")}
	if opt.From != "" {
		if opt.Source != "" && opt.Source != "auto" {
			return Found{}, fmt.Errorf("install from %s: a source (%s) can't be named too", opt.From, opt.Source)
		}
		return in.from()
	}
	if in.opt.Flavor == "" {
		in.opt.Flavor = "cpu"
	}
	if err := knownFlavor(in.opt.Flavor); err != nil {
		return Found{}, err
	}
	sources := sourcesFor(in.opt.Flavor)
	if len(sources) == 0 {
		return Found{}, &NotOfferedError{in.opt.Flavor}
	}
	if opt.Source != "" && opt.Source != "auto" {
		if !slices.Contains(installSources, opt.Source) {
			return Found{}, fmt.Errorf("source %q is none of auto, %s", opt.Source, strings.Join(installSources, ", "))
		}
		sources = []string{opt.Source}
	}
	var failures []error
	for _, source := range sources {
		f, err := in.fetch(source)
		if err == nil {
			return f, nil
		}
		if ctx.Err() != nil {
			return Found{}, fmt.Errorf("install ONNX Runtime: %w", ctx.Err())
		}
		failures = append(failures, fmt.Errorf("%s: %w", source, err))
	}
	return Found{}, fmt.Errorf("install ONNX Runtime: %w", errors.Join(failures...))
}

type installer struct {
	ctx  context.Context
	opt  InstallOptions
	root string
}

// fetch installs this machine's row of the source.
func (in installer) fetch(source string) (Found, error) {
	r, err := rowFor(in.opt.Flavor, source)
	if err != nil {
		return Found{}, err
	}
	rec := record{Flavor: r.flavor, Version: r.version, OS: r.os, Arch: r.arch, Source: source, Package: r.pkg}
	if f, ok := in.existing(rec, ""); ok {
		return f, nil
	}
	work, err := in.workFolder()
	if err != nil {
		return Found{}, err
	}
	defer os.RemoveAll(work)
	var pkg string
	switch source {
	case "pip":
		rec.Package = r.pkg + "==" + r.version
		pkg, err = in.pip(r, work)
	case "npm":
		rec.Package = r.pkg + "@" + r.version
		pkg, err = in.npm(r, work)
	case "github":
		pkg, err = in.github(r, work)
	}
	if err != nil {
		return Found{}, err
	}
	take := isCompanion
	if r.sha256 != "" { // what is not pinned is not taken
		take = func(name string) bool { return r.beside[name] != "" }
	}
	got, err := unpack(in.ctx, pkg, filepath.Join(work, "unpacked"), r.inside, take, packageLimits)
	if err != nil {
		return Found{}, fmt.Errorf("%s: %w", rec.Package, err)
	}
	if err := rec.digest(got); err != nil {
		return Found{}, err
	}
	if err := r.check(rec); err != nil {
		return Found{}, fmt.Errorf("%w: not installed", err)
	}
	version, err := Probe(got.library)
	if err != nil {
		return Found{}, err
	}
	if version != r.version {
		return Found{}, fmt.Errorf("%s holds version %s, not %s: not installed", rec.Package, version, r.version)
	}
	return in.put(work, got, rec)
}

var flavorPattern = regexp.MustCompile(`^[a-z0-9]{1,32}$`)

// from installs what the user has.
func (in installer) from() (Found, error) {
	fail := func(err error) (Found, error) {
		return Found{}, fmt.Errorf("install from %s: %w", in.opt.From, err)
	}
	if in.opt.Flavor != "" && !flavorPattern.MatchString(in.opt.Flavor) {
		return fail(fmt.Errorf("flavor %q is not a word of small letters and digits", in.opt.Flavor))
	}
	work, err := in.workFolder()
	if err != nil {
		return fail(err)
	}
	defer os.RemoveAll(work)
	got, err := unpack(in.ctx, in.opt.From, filepath.Join(work, "unpacked"), "", isCompanion, packageLimits)
	if err != nil {
		return fail(err)
	}
	got.companions = withoutCopies(got.companions)
	rec := record{OS: runtime.GOOS, Arch: runtime.GOARCH, Flavor: in.opt.Flavor, Source: "from", Package: filepath.Base(in.opt.From)}
	if err := rec.digest(got); err != nil {
		return fail(err)
	}
	r, pinned := rowByDigest(rec.SHA256)
	if rec.Flavor == "" && pinned {
		rec.Flavor = r.flavor
	}
	if rec.Flavor == "" {
		if rec.Flavor = flavorByNeighbours(got.library); rec.Flavor == UnknownFlavor {
			rec.Flavor = "cpu" // a build without provider libraries
		}
	}
	if rec.Version, err = Probe(got.library); err != nil {
		return fail(err)
	}
	if !pinned {
		in.opt.Notify(fmt.Sprintf("warning: the library in %s is not in the pinned table; its SHA-256 is %s", in.opt.From, rec.SHA256))
	}
	if f, ok := in.existing(rec, rec.SHA256); ok {
		return f, nil
	}
	f, err := in.put(work, got, rec)
	if err != nil {
		return fail(err)
	}
	return f, nil
}

func (in installer) target(r record) string {
	// Versions such as 1.24.0+cu12 are stated by the library itself.
	version := regexp.MustCompile(`[^0-9A-Za-z.+_-]`).ReplaceAllString(r.Version, "_")
	return filepath.Join(in.root, strings.Join([]string{r.Flavor, version, r.OS, r.Arch}, "-"))
}

// existing returns what is installed in r's place, if it is intact and may stay;
// where digest is not "" it must be that very library.
func (in installer) existing(r record, digest string) (Found, bool) {
	if in.opt.Force {
		return Found{}, false
	}
	folder := in.target(r)
	f, have, err := intact(folder)
	if err == nil && (digest == "" || have.SHA256 == digest) {
		in.opt.Notify(fmt.Sprintf("ONNX Runtime %s (%s) is already installed in %s", f.Version, f.Flavor, folder))
		return f, true
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		in.opt.Notify(fmt.Sprintf("replacing what is in %s: %v", folder, err))
	}
	return Found{}, false
}

// intact checks an installed folder against its record.
func intact(folder string) (Found, record, error) {
	r, err := readRecord(folder)
	if err != nil {
		return Found{}, r, err
	}
	path := filepath.Join(folder, r.Library)
	digest, err := fileDigest(path)
	if err != nil {
		return Found{}, r, err
	}
	if digest != r.SHA256 {
		return Found{}, r, fmt.Errorf("%s has SHA-256 %s, installed was %s", path, digest, r.SHA256)
	}
	for name, want := range r.Beside {
		path := filepath.Join(folder, name)
		digest, err := fileDigest(path)
		if err != nil {
			return Found{}, r, fmt.Errorf("a library that was installed is gone: %v", err)
		}
		if digest != want {
			return Found{}, r, fmt.Errorf("%s has SHA-256 %s, installed was %s", path, digest, want)
		}
	}
	version, err := Probe(path)
	if err != nil {
		return Found{}, r, err
	}
	return Found{Path: path, Version: version, Flavor: r.Flavor, Source: SourceInstalled}, r, nil
}

// workFolder makes a folder on the same disk as the target, and sweeps up those
// of processes that were killed long ago.
func (in installer) workFolder() (string, error) {
	if err := os.MkdirAll(in.root, 0o755); err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	work, err := appear.MkdirTemp(in.root)
	if err != nil {
		return "", fmt.Errorf("data folder: %w", err)
	}
	return work, os.Mkdir(filepath.Join(work, "unpacked"), 0o755)
}

// setAside moves what is in the target's place into work, with which it goes: an installed folder,
// by its record. Anything else stays.
func setAside(target, work string, try int) error {
	info, err := os.Lstat(target)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && info.IsDir() {
		if entries, _ := os.ReadDir(target); len(entries) > 0 {
			_, err = os.Lstat(filepath.Join(target, recordName))
		}
	} else if err == nil {
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace %s: it was not installed by ortho (there is no %s in it): move it away", target, recordName)
	}
	if err == nil {
		err = os.Rename(target, filepath.Join(work, fmt.Sprint("old", try)))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("replace %s: %w", target, err)
	}
	return nil
}

// put makes the folder in work and moves it to its place in one step.
func (in installer) put(work string, got contents, r record) (Found, error) {
	folder := filepath.Join(work, "folder")
	if err := os.Mkdir(folder, 0o755); err != nil {
		return Found{}, err
	}
	for _, file := range slices.Concat([]string{got.library}, got.companions, got.licences) {
		if err := os.Rename(file, filepath.Join(folder, filepath.Base(file))); err != nil {
			return Found{}, err
		}
	}
	r.Library, r.Time = filepath.Base(got.library), time.Now().UTC().Truncate(time.Second)
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return Found{}, err
	}
	if _, err := writeFile(filepath.Join(folder, recordName), strings.NewReader(string(text)+"\n")); err != nil {
		return Found{}, err
	}
	syncFolder(folder)
	if err := in.ctx.Err(); err != nil {
		return Found{}, err
	}
	target := in.target(r)
	for try := 0; ; try++ {
		err := os.Rename(folder, target)
		if err == nil {
			break
		}
		f, have, bad := intact(target)
		if bad == nil && !in.opt.Force {
			if have.SHA256 == r.SHA256 || r.Source != "from" {
				return f, nil // another process was faster
			}
			return Found{}, &OccupiedError{target, have.SHA256}
		}
		if try == 5 {
			return Found{}, fmt.Errorf("replace %s: %w", target, err)
		}
		if err := setAside(target, work, try); err != nil {
			return Found{}, err
		}
	}
	syncFolder(in.root)
	return Found{Path: filepath.Join(target, r.Library), Version: r.Version, Flavor: r.Flavor, Source: SourceInstalled}, nil
}

// syncFolder makes the folder's entries durable where the system can.
func syncFolder(folder string) {
	if f, err := os.Open(folder); err == nil {
		f.Sync()
		f.Close()
	}
}
