package catalog

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/cutout"
	"ortho/models/detect"
	"ortho/models/diffusion"
	"ortho/models/embed"
	"ortho/models/generate"
	"ortho/models/segment"
	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Instance is a version of a model that is open. What it is for tells which of its parts is there.
type Instance struct {
	Name, Version string
	Task          models.Task
	Model         *models.Model // nil of a pipeline

	Classifier *classify.Classifier
	Texts      *classify.TextClassifier
	Embedder   *embed.Embedder
	Detector   *detect.Detector
	Segmenter  *segment.Segmenter
	Cutter     *cutout.Cutter
	Generator  *generate.Generator
	Pipeline   *diffusion.Pipeline

	half *textHalf // of a model of images and texts; nil: it has none

	Loaded time.Time

	opt   Options
	size  int64 // of its files in bytes
	gate  runner.Gate
	calls atomic.Int64 // under way
	used  atomic.Int64 // when the last began or ended, as Unix nanoseconds
	turns chan struct{}

	raw struct {
		sync.Mutex
		session *runner.Session
		calls   *runner.Calls
	}
}

// open opens a version of a model.
func open(ctx context.Context, name, version, folder string, opt Options) (*Instance, error) {
	i := &Instance{Name: name, Version: version, opt: opt, Loaded: time.Now()}
	lanes := opt.Concurrency
	if diffusion.IsFolder(folder) {
		parts, err := diffusion.ReadFolder(folder)
		if err != nil {
			return nil, err
		}
		i.Task, lanes = models.Generate, 1
		if i.Pipeline, err = diffusion.Open(ctx, parts, diffusion.Options{Runner: opt.Session}); err != nil {
			return nil, err
		}
	} else {
		m, both, err := opt.Open(ctx, folder)
		if err != nil {
			return nil, err
		}
		i.Model, i.Task = m, m.Task
		if both != nil {
			i.half = &textHalf{model: both, session: opt.Session}
		}
		if err := i.openTask(ctx); err != nil {
			return nil, err
		}
		if _, some := runner.DefaultBatch(i.session().Provider); lanes <= 0 {
			lanes = some
		}
	}
	i.size = sizeOf(folder)
	i.turns = make(chan struct{}, lanes)
	i.touch()
	return i, nil
}

// Provider is the execution provider that runs the model.
func (i *Instance) Provider() string { return i.session().Provider }

// takes is what a generator makes pictures of, and an embedder embeds.
func (i *Instance) takes() (kinds []string) {
	switch {
	case i.half != nil:
		kinds = []string{"picture", "text"}
	case i.Pipeline != nil:
		kinds = []string{"text", "seed"}
		if i.Pipeline.Spec().Encoder != nil {
			kinds = append(kinds, "picture")
		}
	case i.Generator != nil:
		spec := i.Generator.Spec()
		for kind, has := range map[string]bool{"picture": spec.Image != nil, "text": spec.Text != nil, "seed": spec.Image == nil} {
			if has {
				kinds = append(kinds, kind)
			}
		}
		slices.Sort(kinds)
	}
	return kinds
}

// Inputs and Outputs are those of the graph, which Arrays takes and gives; none of a pipeline.
func (i *Instance) Inputs() []onnx.Value {
	if i.Model == nil {
		return nil
	}
	return i.Model.Graph.Inputs
}

// Outputs are those of the graph.
func (i *Instance) Outputs() []onnx.Value {
	if i.Model == nil {
		return nil
	}
	return i.Model.Graph.Outputs
}

// Arrays runs the graph with arrays as they are, and returns its outputs.
func (i *Instance) Arrays(ctx context.Context, inputs []npz.Array) ([]npz.Array, error) {
	calls, err := i.arrays(ctx)
	if err != nil {
		return nil, err
	}
	return calls.Do(ctx, inputs)
}

// Shares reports whether calls with arrays that come together may share a run.
func (i *Instance) Shares(ctx context.Context) (bool, error) {
	calls, err := i.arrays(ctx)
	if err != nil {
		return false, err
	}
	return calls.Shares(), nil
}

// arrays opens the session for arrays, when it is first asked for: that of images has the
// dimensions, and the outputs, that these need.
func (i *Instance) arrays(ctx context.Context) (*runner.Calls, error) {
	if i.Model == nil {
		return nil, fmt.Errorf("%s is a pipeline of several graphs, which takes no arrays", i.Name)
	}
	i.raw.Lock()
	defer i.raw.Unlock()
	if i.raw.calls != nil {
		return i.raw.calls, nil
	}
	m := i.Model
	session, err := runner.Open(ctx, runner.Model{Path: m.Path, Data: m.Data, Graph: m.Graph}, i.opt.Session)
	if err != nil {
		return nil, err
	}
	i.raw.session = session
	i.raw.calls = runner.NewCalls(session, runner.CallsOptions{Batch: i.opt.Batch, Concurrency: i.opt.Concurrency, Linger: i.opt.Linger})
	if ran := i.opt.Ran; ran != nil {
		i.raw.calls.Observe(func(rows int64, calls int) { ran(i.Name, rows, calls) })
	}
	return i.raw.calls, nil
}

// Lanes is how many runs the model makes at once.
func (i *Instance) Lanes() int { return cap(i.turns) }

// Turn waits for one of the runs that the model makes at once, for tasks that make one a call; done ends it.
func (i *Instance) Turn(ctx context.Context) (done func(), err error) {
	select {
	case i.turns <- struct{}{}:
		return func() { <-i.turns }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// enter lets a call in, if no more than those that run and those that may wait are under way.
func (i *Instance) enter() (leave func(), err error) {
	if err := i.gate.Enter(i.Name); err != nil {
		return nil, err
	}
	most := int64(cap(i.turns)*max(1, i.opt.Batch) + i.opt.Queue)
	if n := i.calls.Add(1); n > most {
		i.calls.Add(-1)
		i.gate.Leave()
		return nil, fmt.Errorf("%s is %w: %d calls are under way, and no more may wait (--queue)", i.Name, runner.ErrBusy, n-1)
	}
	i.touch()
	return sync.OnceFunc(func() {
		i.touch()
		i.calls.Add(-1)
		i.gate.Leave()
	}), nil
}

func (i *Instance) touch() { i.used.Store(time.Now().UnixNano()) }

// idle is for how long no call has been under way.
func (i *Instance) idle() time.Duration {
	if i.calls.Load() > 0 {
		return 0
	}
	return time.Since(time.Unix(0, i.used.Load()))
}

// Calls is how many calls are under way.
func (i *Instance) Calls() int64 { return i.calls.Load() }

// close refuses further calls, waits for those under way, and frees the sessions.
func (i *Instance) close() error {
	return i.gate.Close(func() error {
		var errs []error
		if i.raw.calls != nil {
			i.raw.calls.Close()
			errs = append(errs, i.raw.session.Close())
		}
		if i.half != nil {
			errs = append(errs, i.half.close())
		}
		if e := i.engine(); e != nil {
			errs = append(errs, e.Close())
		}
		return errors.Join(errs...)
	})
}

// sizeOf is the bytes of a model's files; 0 of one that is bundled.
func sizeOf(folder string) (size int64) {
	filepath.WalkDir(folder, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := os.Stat(filepath.Join(folder, entry.Name())); err == nil && info.Mode().IsRegular() {
			size += info.Size()
		}
		return nil
	})
	return size
}
