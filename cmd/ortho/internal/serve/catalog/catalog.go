package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/dual"
	"ortho/runner"
)

// Options say how models are opened.
type Options struct {
	Session     runner.Options
	Batch       int           // rows that calls may share a run with; 0: as suits the provider
	Concurrency int           // runs of a model in flight; 0: as suits the provider
	Linger      time.Duration // how long a run that is not full waits for further calls
	Queue       int           // calls that may wait for a model beyond those that run
	MaxPixels   int64         // of an image
	Budget      int64         // bytes of models' files that may be open; 0: any number. Those that are idle longest make way
	AllVersions bool          // open all versions of a model; else the last

	// Open reads a model's files; of one of images and texts it is the half for images, and both is all of it.
	Open func(ctx context.Context, name string) (m *models.Model, both *dual.Model, err error)
	// Ran, where not nil, is called after each run with arrays.
	Ran func(model string, rows int64, calls int)
}

// State is what a version of a model is.
type State string

// The states, as the repository extension of the Open Inference Protocol calls them.
const (
	Loading     State = "LOADING"
	Ready       State = "READY"
	Unloading   State = "UNLOADING"
	Unavailable State = "UNAVAILABLE"
)

// Status is that of a version of a model.
type Status struct {
	Name, Version string
	State         State
	Reason        string // of what is unavailable
	Asleep        bool   // it was idle, and is opened again by the next call
	Calls         int64  // under way
	Task          models.Task
	Provider      string
	Takes         []string // of a generator: picture, text, seed; of an embedder: picture, text
}

// Catalog is the models of a server, by name. Its methods may be called concurrently.
type Catalog struct {
	opt     Options
	mu      sync.Mutex
	models  map[string]*entry
	closing sync.WaitGroup
	closed  bool
}

// entry is a model by its name.
type entry struct {
	name, folder string
	loading      sync.Mutex // one at a time
	versions     map[string]*version
	last         string // version that answers where none is named
}

type version struct {
	state    State
	reason   string
	instance *Instance // of one that is ready and not asleep

	task     models.Task // of what was open last
	provider string
	takes    []string
}

// New makes an empty catalog.
func New(opt Options) *Catalog { return &Catalog{opt: opt, models: map[string]*entry{}} }

// Add names a model, without opening it.
func (c *Catalog) Add(name, folder string) error {
	if err := checkName(name); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if other := c.models[name]; other != nil && other.folder != folder {
		return fmt.Errorf("two models are called %s: %s and %s", name, other.folder, folder)
	}
	if c.models[name] == nil {
		c.models[name] = &entry{name: name, folder: folder, versions: map[string]*version{}}
	}
	return nil
}

// maxName bounds the bytes of a model's name.
const maxName = 128

func checkName(name string) error {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_.-", r)
	}
	if name == "" || len(name) > maxName || strings.HasPrefix(name, ".") || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return fmt.Errorf("%q can't be a model's name: it is of letters, digits, '_', '.' and '-', and does not begin with a dot", name)
	}
	return nil
}

// Names are those of all models, sorted.
func (c *Catalog) Names() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.models))
}

// Load opens a model, or opens it anew, and has it answer from then on.
func (c *Catalog) Load(ctx context.Context, name string) error {
	e, err := c.entry(name)
	if err != nil {
		return err
	}
	e.loading.Lock()
	defer e.loading.Unlock()
	return c.load(ctx, e)
}

func (c *Catalog) entry(name string) (*entry, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return nil, fault.Busy("the server is ending")
	}
	if e := c.models[name]; e != nil {
		return e, nil
	}
	return nil, fault.Unknown("there is no model %.200q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(c.models)), ", "))
}

// load opens the versions of a model. The caller holds its lock.
func (c *Catalog) load(ctx context.Context, e *entry) error {
	found, err := versionsIn(e.folder)
	if err != nil {
		c.set(e, "1", &version{state: Unavailable, reason: err.Error()})
		return err
	}
	names := slices.SortedFunc(maps.Keys(found), byNumber)
	last := names[len(names)-1]
	if !c.opt.AllVersions {
		names = names[len(names)-1:]
	}
	var first error
	for _, name := range names {
		c.mu.Lock()
		if v := e.versions[name]; v == nil || v.state != Ready { // one that is asleep is waited for
			e.versions[name] = &version{state: Loading}
		}
		c.mu.Unlock()
		c.makeRoom(e, sizeOf(found[name]))
		i, err := open(ctx, e.name, name, found[name], c.opt)
		if err != nil {
			err = fmt.Errorf("load %s: %w", e.name, err)
			c.mu.Lock()
			if v := e.versions[name]; v.instance == nil { // else what answers goes on to
				v.state, v.reason = Unavailable, fault.Of(err).Text
			}
			c.mu.Unlock()
			if first == nil {
				first = err
			}
			continue
		}
		c.set(e, name, &version{state: Ready, instance: i, task: i.Task, provider: i.Provider(), takes: i.takes()})
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if v := e.versions[last]; v != nil && v.state == Ready || e.last == "" {
		e.last = last
	}
	for name, v := range e.versions { // that are no longer there
		if !slices.Contains(names, name) && name != e.last {
			c.retire(v.instance)
			delete(e.versions, name)
		}
	}
	return first
}

// set puts a version in the place of another, which is closed behind its calls.
func (c *Catalog) set(e *entry, name string, v *version) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old := e.versions[name]; old != nil {
		c.retire(old.instance)
	}
	if c.closed {
		c.retire(v.instance)
		v = &version{state: Unavailable, reason: "the server is ending"}
	}
	e.versions[name] = v
	if e.last == "" {
		e.last = name
	}
}

// retire closes an instance when its calls have ended. The lock is held.
func (c *Catalog) retire(i *Instance) {
	if i != nil {
		c.closing.Go(func() {
			i.close()
			runner.ReturnMemory()
		})
	}
}

// Unload closes a model, when its calls have ended; further ones are refused.
func (c *Catalog) Unload(name string) error {
	e, err := c.entry(name)
	if err != nil {
		return err
	}
	e.loading.Lock()
	defer e.loading.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range e.versions {
		c.retire(v.instance)
		v.instance, v.state, v.reason = nil, Unavailable, "unloaded"
	}
	return nil
}

// Acquire returns an instance of a model for one call, which has to be released. version "":
// the last. One that is asleep is opened first.
func (c *Catalog) Acquire(ctx context.Context, name, number string) (*Instance, func(), error) {
	for tries := 0; ; tries++ {
		e, err := c.entry(name)
		if err != nil {
			return nil, nil, err
		}
		i, err := c.find(e, number)
		if err != nil {
			return nil, nil, err
		}
		if i == nil {
			if err := c.wake(ctx, e); err != nil {
				return nil, nil, err
			}
			continue
		}
		leave, err := i.enter()
		if errors.Is(err, runner.ErrClosed) && tries < 3 {
			continue // it was exchanged just now
		}
		if err != nil {
			return nil, nil, err
		}
		return i, leave, nil
	}
}

// find returns an instance; nil of one that is asleep.
func (c *Catalog) find(e *entry, number string) (*Instance, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number == "" {
		number = e.last
	}
	v := e.versions[number]
	switch {
	case v == nil && number == "":
		return nil, fault.Busy("%s is not loaded", e.name)
	case v == nil:
		return nil, fault.Unknown("%s has no version %.40q; it has %s", e.name, number, strings.Join(slices.SortedFunc(maps.Keys(e.versions), byNumber), ", "))
	case v.state == Ready:
		return v.instance, nil
	case v.state == Loading:
		return nil, fault.Busy("%s is being loaded", e.name)
	}
	return nil, fault.Busy("%s is not available: %s", e.name, v.reason)
}

// wake opens a model that is asleep.
func (c *Catalog) wake(ctx context.Context, e *entry) error {
	e.loading.Lock()
	defer e.loading.Unlock()
	if i, err := c.find(e, ""); err != nil || i != nil {
		return err // another has
	}
	return c.load(context.WithoutCancel(ctx), e)
}

// Sleep closes the models that have had no call for that long. The next call opens them again.
func (c *Catalog) Sleep(after time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.models {
		for _, v := range e.versions {
			if v.instance != nil && v.instance.idle() > after {
				c.retire(v.instance)
				v.instance = nil
			}
		}
	}
}

// makeRoom puts the models to sleep that are idle longest, until another has room.
func (c *Catalog) makeRoom(wanted *entry, size int64) {
	if c.opt.Budget <= 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	var open []*version
	for _, e := range c.models {
		for _, v := range e.versions {
			if v.instance != nil {
				size += v.instance.size
				if e != wanted && v.instance.idle() > 0 {
					open = append(open, v)
				}
			}
		}
	}
	slices.SortFunc(open, func(a, b *version) int { return int(b.instance.idle() - a.instance.idle()) })
	for _, v := range open {
		if size <= c.opt.Budget {
			return
		}
		size -= v.instance.size
		c.retire(v.instance)
		v.instance = nil
	}
}

// Statuses are those of all versions of all models, by name and version.
func (c *Catalog) Statuses() (all []Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(c.models)) {
		e := c.models[name]
		for _, number := range slices.SortedFunc(maps.Keys(e.versions), byNumber) {
			v := e.versions[number]
			status := Status{Name: name, Version: number, State: v.state, Reason: v.reason, Asleep: v.state == Ready && v.instance == nil}
			status.Task, status.Provider, status.Takes = v.task, v.provider, v.takes
			if v.instance != nil {
				status.Calls = v.instance.Calls()
			}
			all = append(all, status)
		}
		if len(e.versions) == 0 {
			all = append(all, Status{Name: name, State: Unavailable, Reason: "not loaded"})
		}
	}
	return all
}

// Versions are the numbers of a model's versions that are ready.
func (c *Catalog) Versions(name string) (ready []string) {
	for _, s := range c.Statuses() {
		if s.Name == name && s.State == Ready {
			ready = append(ready, s.Version)
		}
	}
	return ready
}

// Close refuses further calls, and returns when those under way have ended and all models are closed.
func (c *Catalog) Close() {
	c.mu.Lock()
	c.closed = true
	for _, e := range c.models {
		for _, v := range e.versions {
			c.retire(v.instance)
			v.instance, v.state, v.reason = nil, Unavailable, "the server is ending"
		}
	}
	c.mu.Unlock()
	c.closing.Wait()
}

// versionsIn are the folders of a model's versions, by their numbers: sub-folders called by a
// number, as Triton's repositories have them; else the model itself is version 1.
func versionsIn(folder string) (map[string]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return map[string]string{"1": folder}, nil // a file, or a bundled model: opening it tells
	}
	found := map[string]string{}
	for _, entry := range entries {
		if n, err := strconv.ParseUint(entry.Name(), 10, 31); err == nil && n > 0 && strconv.FormatUint(n, 10) == entry.Name() {
			if info, err := os.Stat(filepath.Join(folder, entry.Name())); err == nil && info.IsDir() {
				found[entry.Name()] = filepath.Join(folder, entry.Name())
			}
		}
	}
	if len(found) == 0 {
		found["1"] = folder
	}
	return found, nil
}

func byNumber(a, b string) int {
	x, _ := strconv.Atoi(a)
	y, _ := strconv.Atoi(b)
	return x - y
}
