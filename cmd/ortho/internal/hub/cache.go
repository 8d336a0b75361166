package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// folder is the part of the cache that is of one repository.
type folder struct{ root, name string }

// cached returns where the hub's models are kept: HF_HUB_CACHE, or hub in HF_HOME, or in the user's folder
// of caches, as huggingface_hub has it.
func cached() (string, error) {
	if named := cmp.Or(os.Getenv("HF_HUB_CACHE"), os.Getenv("HUGGINGFACE_HUB_CACHE")); named != "" {
		return filepath.Abs(named)
	}
	home, err := home()
	return filepath.Join(home, "hub"), err
}

// home is HF_HOME.
func home() (string, error) {
	if named := os.Getenv("HF_HOME"); named != "" {
		return filepath.Abs(named)
	}
	if named := os.Getenv("XDG_CACHE_HOME"); named != "" {
		return filepath.Join(named, "huggingface"), nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("where models are kept is not known: set HF_HOME: %w", err)
	}
	return filepath.Join(user, ".cache", "huggingface"), nil
}

// token is what private models need, and where it may be; "": there is none.
func token() string {
	if named := cmp.Or(os.Getenv("HF_TOKEN"), os.Getenv("HUGGING_FACE_HUB_TOKEN")); named != "" {
		return strings.TrimSpace(named)
	}
	file := os.Getenv("HF_TOKEN_PATH")
	if home, err := home(); file == "" && err == nil {
		file = filepath.Join(home, "token")
	}
	data, err := regular.ReadFile(file, 1<<12)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(data))
}

func (n Name) folder() (folder, error) {
	root, err := cached()
	return folder{root, "models--" + strings.ReplaceAll(n.Repo, "/", "--")}, err
}

func (f folder) path(parts ...string) string {
	return filepath.Join(append([]string{f.root, f.name}, parts...)...)
}

func (f folder) snapshot(commit string) string { return f.path("snapshots", commit) }

// commit is that of a revision, as it was last asked for; "": it was not.
func (f folder) commit(revision string) string {
	if commit.MatchString(revision) {
		return revision
	}
	data, err := regular.ReadFile(f.path("refs", filepath.FromSlash(revision)), 1<<10)
	if name := strings.TrimSpace(string(data)); err == nil && commit.MatchString(name) {
		return name
	}
	return ""
}

// refer notes which commit a revision is.
func (f folder) refer(revision, commit string) error {
	if revision == commit || f.commit(revision) == commit {
		return nil
	}
	name := f.path("refs", filepath.FromSlash(revision))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	return appear.HandOver(name, []byte(commit))
}

// files are those of a snapshot, with slashes. A link whose blob is gone is none.
func (f folder) files(commit string) (all []string) {
	root := f.snapshot(commit)
	filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || len(all) > maxFiles {
			return nil
		}
		if _, err := os.Stat(name); err != nil {
			return nil
		}
		if inside, err := filepath.Rel(root, name); err == nil {
			all = append(all, filepath.ToSlash(inside))
		}
		return nil
	})
	slices.Sort(all)
	return all
}

// link gives a blob its name in a snapshot.
func (f folder) link(commit, file, blob string) error {
	name := filepath.Join(f.snapshot(commit), filepath.FromSlash(file))
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	up := strings.Repeat("../", strings.Count(path.Join(commit, file), "/")+1)
	err := os.Symlink(filepath.FromSlash(up+"blobs/"+blob), name)
	if errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(name); there == nil { // another process has made it
			return nil
		}
		return fmt.Errorf("%s is a link that leads nowhere: remove it", name)
	}
	if err != nil { // of systems without symbolic links
		_, err = appear.Link(f.path("blobs", blob), name)
	}
	return err
}
