package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"ortho/runner"
	"ortho/runner/child"
	"ortho/runner/equality"
	"ortho/runner/feed"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Serve runs in a cell's process: it answers the requests of a Sweep, until in ends or ctx
// is done. images is called where the sweep has images; nil: it has none.
func Serve(ctx context.Context, in io.Reader, out io.Writer, images func() (*Images, error)) error {
	w := worker{makeImages: images}
	defer w.close()
	return child.Serve(ctx, in, out, func(ctx context.Context, r request) (any, error) { return w.answer(ctx, r) })
}

// worker is the state of a cell's process.
type worker struct {
	makeImages func() (*Images, error)
	images     *Images // nil: rounds run the graph alone
	files      [][]byte

	open    *openRequest
	graph   *onnx.Graph
	dims    map[string]int64 // the inputs' symbolic dimensions, by name
	set     *feed.Set
	session *runner.Session
	inputs  [][]*runner.Tensor // of every run over the rows there are
	slots   [][]*runner.Tensor // outputs for each run in flight; nil ones (strings) are made by every run
	varying bool               // the outputs' shapes follow from the inputs' values
	untrue  bool               // what the graph states of its outputs' shapes
}

func (w *worker) answer(ctx context.Context, r request) (a answer, err error) {
	if r.Open == nil && w.session == nil {
		return a, errors.New("no session is open")
	}
	switch {
	case r.Open != nil:
		a.Opened, err = w.start(ctx, r.Open)
	case r.Outputs != nil:
		err = w.writeOutputs(ctx, r.Outputs.File)
	case r.Compare != nil:
		a.Compared, err = w.compare(ctx, r.Compare.File)
	case r.Profile != nil:
		a.Profile, err = w.profile(ctx, r.Profile)
	case r.Round != nil:
		a.Round, a.Peak, err = w.round(ctx, r.Round)
	case r.Overhead != nil:
		a.Overhead, err = w.overhead(ctx, r.Overhead)
	default:
		err = errors.New("an empty request")
	}
	return a, err
}

// start opens the session and runs it once, with time and memory of each phase.
func (w *worker) start(ctx context.Context, open *openRequest) (*opened, error) {
	if w.session != nil {
		return nil, errors.New("a session is open already")
	}
	w.open = open
	o := &opened{}
	memory := func(rss, pss **int64) {
		m := machine.Memory()
		*rss = signed(m.RSS)
		if pss != nil {
			*pss = signed(m.PSS)
		}
		o.MemoryReason = m.Reason
	}
	var err error
	if w.graph, err = onnx.ReadFile(open.Model); err != nil {
		return nil, err
	}
	if w.graph, err = w.graph.Give(open.Given); err != nil {
		return nil, err
	}
	w.graph.Single = open.Single
	arrays, err := npz.ReadFile(open.Inputs)
	if err != nil {
		return nil, err
	}
	if open.Whole {
		w.set, err = feed.Whole("npz", arrays, w.graph)
	} else {
		w.set, err = feed.Of("npz", arrays, w.graph, open.Dims)
	}
	if err != nil {
		return nil, err
	}
	first, err := w.set.Slice(0, open.Batch)
	if err != nil {
		return nil, err
	}
	w.dims = dimsOf(w.graph, first)
	options := w.options()
	memory(&o.Memory.StartBytes, nil)
	clock := time.Now()
	found, err := runner.Load(options)
	if err != nil {
		return nil, err
	}
	o.Startup.LibraryMS = lap(&clock)
	memory(&o.Memory.LibraryBytes, nil)
	clock = time.Now()
	if w.session, err = runner.Open(ctx, runner.Model{Path: open.Model, Graph: w.graph}, options); err != nil {
		return nil, err
	}
	o.Startup.LoadMS = lap(&clock)
	if len(w.session.Skipped) > 0 { // another one is not timed in its place
		return nil, errors.Join(w.session.Skipped...)
	}
	memory(&o.Memory.SessionBytes, nil)
	o.MaySaturate, o.Optimization = w.session.Saturates, w.session.Optimization
	o.LibraryVersion, o.Provider, o.Threads, o.Fixed = found.Version, w.session.Provider, w.session.Threads, w.session.Fixed

	if err := w.makeInputs(); err != nil {
		return nil, err
	}
	clock = time.Now()
	outputs, err := w.firstRun(ctx)
	if err != nil {
		return nil, err
	}
	o.Startup.FirstRunMS = lap(&clock)
	memory(&o.Memory.FirstRunBytes, &o.Memory.FirstRunPSS)
	if err := w.makeSlots(outputs); err != nil {
		return nil, err
	}
	if w.varying, err = w.shapesVary(ctx); err != nil {
		return nil, err
	}
	if len(open.Images) > 0 {
		if w.makeImages == nil {
			return nil, errors.New("this process knows nothing of images")
		}
		if w.files, err = readFiles(open.Images); err != nil {
			return nil, err
		}
		w.images, err = w.makeImages()
	}
	return o, err
}

func (w *worker) options() runner.Options {
	o := runner.Options{Library: w.open.Library, Providers: w.open.Providers, Threads: w.open.Threads, Outputs: w.open.Outputs, Unoptimized: w.open.Unoptimized,
		CustomOps: w.open.CustomOps}
	if len(w.dims) > 0 && !w.open.Unoptimized && !w.open.OpenShapes {
		sizes := maps.Clone(w.dims)
		maps.DeleteFunc(sizes, func(_ string, size int64) bool { return size == 0 }) // graphs are not optimised for no elements
		o.Dims = func(string) map[string]int64 { return sizes }
	}
	return o
}

// dimsOf returns the sizes that arrays give the inputs' symbolic dimensions.
func dimsOf(g *onnx.Graph, arrays []npz.Array) map[string]int64 {
	sizes, unclear := map[string]int64{}, map[string]bool{}
	for i, in := range g.Inputs {
		for j, d := range in.Dims {
			if d.Fixed() || d.Name == "" || j >= len(arrays[i].Shape) {
				continue
			}
			size := arrays[i].Shape[j]
			if before, ok := sizes[d.Name]; ok && before != size {
				unclear[d.Name] = true
			}
			sizes[d.Name] = size
		}
	}
	maps.DeleteFunc(sizes, func(name string, _ int64) bool { return unclear[name] })
	return sizes
}

// makeInputs cuts the rows into runs of Batch; rows that do not fill one are left out,
// unless they are all there are.
func (w *worker) makeInputs() error {
	for i := range max(1, w.set.Rows/max(1, w.open.Batch)) {
		arrays, err := w.set.Slice(i*w.open.Batch, w.open.Batch)
		if err != nil {
			return err
		}
		var tensors []*runner.Tensor
		for _, a := range arrays {
			t, err := runner.TensorOf(a)
			if err != nil {
				return fmt.Errorf("input %s: %w", a.Name, err)
			}
			tensors = append(tensors, t)
		}
		w.inputs = append(w.inputs, tensors)
	}
	return nil
}

// compared is how the outputs differ from the reference's.
type compared struct {
	Outputs []equality.Output `json:"outputs"`
	Equal   bool              `json:"equal"`
}

func (w *worker) compare(ctx context.Context, file string) (*compared, error) {
	arrays, err := npz.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reference outputs: %w", err)
	}
	want := map[string]npz.Array{}
	for _, a := range arrays {
		want[a.Name] = a
	}
	c := equality.New(equality.PrecisionOf(w.graph).Tolerance())
	err = w.each(ctx, func(run int, got []npz.Array) error {
		refs := make([]npz.Array, len(got))
		for i, a := range got {
			ref, ok := want[outputKey(run, a.Name)]
			if !ok {
				return fmt.Errorf("the reference has no output %s of run %d", a.Name, run)
			}
			ref.Name = a.Name
			refs[i] = ref
		}
		return c.Add(refs, got, w.open.Batch)
	})
	if err != nil {
		return nil, err
	}
	outputs := c.Outputs()
	return &compared{outputs, equality.Within(outputs)}, nil
}

// profile runs a session of its own: profiling slows it.
func (w *worker) profile(ctx context.Context, r *profileRequest) (*Placement, error) {
	options := w.options()
	options.Profile = filepath.Join(r.Folder, fmt.Sprintf("profile-%d", os.Getpid()))
	session, err := runner.Open(ctx, runner.Model{Path: w.open.Model, Graph: w.graph}, options)
	if err != nil {
		return nil, err
	}
	for range 1 + r.Runs {
		outputs := slices.Clone(w.slots[0])
		if err = session.Run(ctx, w.inputs[0], outputs); err != nil {
			break
		}
		closeFresh(outputs, w.slots[0])
	}
	if err := errors.Join(err, session.Close()); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(options.Profile + "*.json")
	if err != nil || len(files) != 1 {
		return nil, fmt.Errorf("ONNX Runtime wrote %d profiles %s*.json, not 1", len(files), options.Profile)
	}
	defer os.Remove(files[0])
	p, err := readProfile(files[0])
	if err != nil {
		return nil, err
	}
	p.Threads = session.Threads
	return p, nil
}

func lap(clock *time.Time) *float64 {
	ms := milliseconds(time.Since(*clock))
	return &ms
}

func signed(n *uint64) *int64 {
	if n == nil {
		return nil
	}
	v := int64(*n)
	return &v
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func (w *worker) close() {
	for _, tensors := range append(w.inputs, w.slots...) {
		closeTensors(tensors)
	}
	if w.session != nil {
		w.session.Close()
	}
}
