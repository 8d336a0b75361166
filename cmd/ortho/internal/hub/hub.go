package hub

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/onnx"
)

// The bounds of what a hub says: files of a repository, and bytes of its list.
const (
	maxFiles  = 20_000
	maxAnswer = 32 << 20
)

// atOnce is how many files are fetched at the same time.
const atOnce = 4

// Hub fetches models.
type Hub struct {
	Stores *store.Stores
	Tell   func(text string) // gets a line about what is fetched; may be nil
}

// Model is one that is on this machine.
type Model struct {
	Path    string // of the graph, where it is one, or of the folder
	Name    string // that it is fetched again by: with its commit, or digest
	Fetched int64  // bytes that came over the network
	Files   int    // that it has
}

// offline reports whether the hub is not asked: --offline, or what keeps huggingface_hub from it.
func (h *Hub) offline() bool {
	if errors.Is(h.Stores.Check(endpoint()), store.ErrOffline) {
		return true
	}
	on := []string{"1", "on", "yes", "true"}
	return slices.Contains(on, strings.ToLower(os.Getenv("HF_HUB_OFFLINE"))) || slices.Contains(on, strings.ToLower(os.Getenv("TRANSFORMERS_OFFLINE")))
}

// Get returns a model that is on this machine, and fetches one that is not: what a revision was when it was
// last fetched is taken as it is.
func (h *Hub) Get(ctx context.Context, name, variant string) (Model, error) {
	if !strings.HasPrefix(name, "hf:") {
		return h.byURL(ctx, name)
	}
	n, err := Parse(name)
	if err != nil {
		return Model{}, err
	}
	m, err := n.find(variant)
	if err == nil {
		return m, nil
	}
	if h.offline() {
		return m, fmt.Errorf("%s: %w", n, err)
	}
	return h.Pull(ctx, name, variant)
}

// errNotHere is of a model that the cache does not have.
var errNotHere = errors.New("is not on this machine, and nothing is fetched offline: `ortho pull` fetches it")

// find looks in the cache alone.
func (n Name) find(variant string) (Model, error) {
	f, err := n.folder()
	if err != nil {
		return Model{}, err
	}
	commit := f.commit(n.Revision)
	if commit == "" {
		return Model{}, errNotHere
	}
	files := f.files(commit)
	if len(files) == 0 {
		return Model{}, errNotHere
	}
	c, err := choose(files, n.Path, variant)
	if err != nil {
		return Model{}, fmt.Errorf("%w (commit %s, as it is on this machine)", err, commit[:12])
	}
	return n.model(f, commit, c), nil
}

// model is what a choice is called on this machine.
func (n Name) model(f folder, commit string, c choice) Model {
	m := Model{Path: f.snapshot(commit), Files: len(c.files)}
	pinned := Name{n.Repo, commit, n.Path}
	if len(c.graphs) == 1 && (c.graphs[0] == "model.onnx" || c.graphs[0] == "onnx/model.onnx") {
		// the folder's own graph, with all that says how it is used
	} else if len(c.graphs) == 1 && !slices.Contains(c.files, "model_index.json") {
		m.Path = filepath.Join(m.Path, filepath.FromSlash(c.graphs[0]))
		pinned.Path = c.graphs[0]
	} else if n.Path != "" {
		m.Path = filepath.Join(m.Path, filepath.FromSlash(n.Path))
	}
	m.Name = pinned.String()
	return m
}

// endpoint is the hub's address.
func endpoint() string {
	return strings.TrimSuffix(cmp.Or(os.Getenv("HF_ENDPOINT"), "https://huggingface.co"), "/")
}

// file is one of a repository, as the hub states it.
type file struct {
	Name string `json:"rfilename"`
	Size int64  `json:"size"`
	Blob string `json:"blobId"` // SHA-1, as git has it
	LFS  *struct {
		SHA256 string `json:"sha256"`
		Size   int64  `json:"size"`
	} `json:"lfs"`
}

var digest = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// sum is the digest that the hub states for the contents: SHA-256 of large files, git's SHA-1 of others.
func (f file) sum() string {
	if f.LFS != nil {
		return f.LFS.SHA256
	}
	return f.Blob
}

// Pull asks the hub what a revision is now, and fetches what is not on this machine.
func (h *Hub) Pull(ctx context.Context, name, variant string) (Model, error) {
	if !strings.HasPrefix(name, "hf:") {
		return h.byURL(ctx, name)
	}
	n, err := Parse(name)
	if err != nil {
		return Model{}, err
	}
	f, err := n.folder()
	if err != nil {
		return Model{}, err
	}
	if h.offline() {
		m, err := n.find(variant)
		if err != nil {
			err = fmt.Errorf("%s: %w", n, err)
		}
		return m, err
	}
	stores := h.Stores.WithToken(endpoint(), token())
	commit, files, err := list(ctx, stores, n)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", n, err)
	}
	names := make([]string, 0, len(files))
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	c, err := choose(names, n.Path, variant)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", n, err)
	}
	m := n.model(f, commit, c)
	if m.Fetched, err = h.fetch(ctx, stores, n, f, commit, c, files); err != nil {
		return Model{}, fmt.Errorf("%s: %w", n, err)
	}
	more := f.named(commit, c, files)
	came, err := h.fetch(ctx, stores, n, f, commit, more, files)
	if err != nil {
		return Model{}, fmt.Errorf("%s: %w", n, err)
	}
	m.Fetched, m.Files = m.Fetched+came, m.Files+len(more.files)
	if err := f.refer(n.Revision, commit); err != nil {
		return Model{}, fmt.Errorf("%s: note its commit: %w", n, err)
	}
	return m, nil
}

// named are the files of weights that the graphs themselves name, under whatever name.
func (f folder) named(commit string, c choice, files map[string]file) (more choice) {
	for _, name := range c.graphs {
		graph, err := onnx.ReadFile(filepath.Join(f.snapshot(commit), filepath.FromSlash(name)))
		if err != nil {
			continue // who opens it says so
		}
		for _, weights := range graph.ExternalData {
			weights = path.Join(path.Dir(name), weights)
			if _, there := files[weights]; there && !slices.Contains(c.files, weights) {
				more.files = append(more.files, weights)
			}
		}
	}
	return more
}

// list asks for the commit of a revision, and its files.
func list(ctx context.Context, stores *store.Stores, n Name) (string, map[string]file, error) {
	data, _, err := stores.ReadAll(ctx, fmt.Sprintf("%s/api/models/%s/revision/%s?blobs=true", endpoint(), n.Repo, url.PathEscape(n.Revision)), maxAnswer)
	if err != nil {
		return "", nil, refused(err)
	}
	return read(data)
}

// read reads what the hub says of a revision.
func read(data []byte) (string, map[string]file, error) {
	var answer struct {
		SHA      string `json:"sha"`
		Siblings []file `json:"siblings"`
	}
	if err := json.Unmarshal(data, &answer); err != nil || !commit.MatchString(answer.SHA) {
		return "", nil, errors.New("the server's answer is not that of a hub")
	}
	if len(answer.Siblings) > maxFiles {
		return "", nil, fmt.Errorf("it has more than %d files", maxFiles)
	}
	files := make(map[string]file, len(answer.Siblings))
	for _, s := range answer.Siblings {
		if s.LFS != nil {
			s.Size = s.LFS.Size
		}
		if !plain(s.Name) {
			continue // no system has all such names, and no model has one
		}
		if !digest.MatchString(s.sum()) || s.Size < 0 {
			return "", nil, fmt.Errorf("the hub states no digest of %q", s.Name)
		}
		files[s.Name] = s
	}
	return answer.SHA, files, nil
}

// refused says what an error of the hub is likely to mean.
func refused(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, fs.ErrPermission) && token() == "":
		return fmt.Errorf("%w: there is no such model or revision, or it is private or gated: then HF_TOKEN is needed", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: the token gives no access to it: it is private or gated (its page on the hub says how to ask), or there is no such model", err)
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: the hub knows no such model or revision", err)
	}
	return err
}

// fetch brings the files that are missing.
func (h *Hub) fetch(ctx context.Context, stores *store.Stores, n Name, f folder, commit string, c choice, files map[string]file) (bytes int64, err error) {
	var missing []file
	size := int64(0)
	for _, name := range c.files {
		if _, err := os.Stat(filepath.Join(f.snapshot(commit), filepath.FromSlash(name))); err != nil {
			missing = append(missing, files[name])
			size += files[name].Size
		}
	}
	if len(missing) == 0 {
		return 0, nil
	}
	if h.Tell != nil {
		h.Tell(fmt.Sprintf("%s: fetching %d files, %.1f MB (commit %s)", n, len(missing), float64(size)/1e6, commit[:12]))
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	var mutex sync.Mutex
	var group sync.WaitGroup
	places := make(chan struct{}, atOnce)
	for _, one := range missing {
		group.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			came := int64(0)
			late := ctx.Err()
			if late == nil {
				came, late = f.blob(ctx, stores, fmt.Sprintf("%s/%s/resolve/%s/%s", endpoint(), n.Repo, commit, escaped(one.Name)), one)
			}
			if late == nil {
				late = f.link(commit, one.Name, one.sum())
			}
			mutex.Lock()
			defer mutex.Unlock()
			if bytes += came; late != nil && err == nil {
				err = fmt.Errorf("%s: %w", one.Name, late)
				end()
			}
		})
	}
	group.Wait()
	return bytes, err
}

func escaped(name string) string {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.Join(parts, "/")
}
