package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"ortho/runner"
	"ortho/runner/child"
	"ortho/runner/equality"
	"ortho/runner/machine"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// Cell is a cell to measure: its settings, and where its library is.
type Cell struct {
	Config
	List    []runner.Provider
	Library Library
	Status  string // StatusOK, or why it is not measured at all, with Reason
	Reason  string
	Err     error // of which Reason is the text, if there is one
}

// Sweep measures cells. [NewSweep] makes one; Worker and Folder are the caller's to fill in.
type Sweep struct {
	Subject
	Run       Run // what is known before; Sweep adds the reference's facts
	Cells     []Cell
	Reference Cell // that makes the reference outputs; Batch is each cell's
	// Worker makes the command of a process that runs Serve on its standard streams.
	Worker func() *exec.Cmd
	// Folder is for temporary files.
	Folder string
	// Log gets every round, so that a run can be continued; Done are the rounds of an earlier
	// run, and Elapsed is the time that it took.
	Log     func(Config, Round, *int64) error
	Done    map[Config][]Round
	Peaks   map[Config]int64
	Elapsed time.Duration
	// Notify is called with what is being done.
	Notify func(Progress)
}

// Progress is how far a sweep has come.
type Progress struct {
	Step        string // "reference", "profile", "open", "measure"
	Done, Total int    // of the step
	Cell        Config // that is at work
	Left        time.Duration
}

// Keep continues from the rounds of a log, and adds the sweep's own to it.
func (s *Sweep) Keep(l *Log) {
	s.Done, s.Peaks, s.Elapsed = l.Rounds()
	s.Log = l.Add
}

// Limits of time for a process to answer; a provider that compiles may take minutes.
const (
	openLimit  = 15 * time.Minute
	checkLimit = 15 * time.Minute
	closeTime  = time.Second // kept of a budget for the end
	openShare  = 0.6         // of what a budget leaves, for opening the cells
)

// cell is a cell at work.
type cell struct {
	Cell
	process *child.Process // nil: not open, or failed
	row     Row            // all but what follows from the rounds
	peak    int64          // highest of the rounds; 0: not known
	rounds  []Round
	before  int // of rounds, those of an earlier run
}

func (c *cell) close() {
	if c.process != nil {
		c.process.Close()
		c.process = nil
	}
}

func (c *cell) fail(err error) {
	c.close()
	c.row.Status, c.row.Reason = StatusFailed, err.Error()
}

func (c *cell) skip(reason string) {
	c.close()
	if c.row.Status == StatusOK {
		c.row.Status, c.row.Reason = StatusSkipped, reason
	}
}

// Measure does the whole sweep. When ctx is done it returns ctx's error with what was
// measured; the rounds in Log are not lost.
func (s *Sweep) Measure(ctx context.Context) (*File, error) {
	w := &work{Sweep: s, start: time.Now().Add(-s.Elapsed), references: map[int]string{}, unsteady: map[int]string{}}
	if s.Run.Plan.BudgetS > 0 {
		w.deadline = w.start.Add(time.Duration(s.Run.Plan.BudgetS * float64(time.Second)))
	}
	for _, c := range s.Cells {
		row := Row{Kind: KindCell, Config: c.Config, Status: c.Status, Reason: c.Reason, LibraryVersion: c.Library.Version, Unknown: map[string]string{}}
		w.cells = append(w.cells, &cell{Cell: c, row: row, rounds: slices.Clone(s.Done[c.Config]), before: len(s.Done[c.Config]), peak: s.Peaks[c.Config]})
	}
	defer func() {
		for _, c := range w.cells {
			c.close()
		}
	}()
	w.inputs = filepath.Join(s.Folder, "inputs.npz")
	if err := npz.HandOver(w.inputs, s.Inputs.Arrays); err != nil {
		return nil, fmt.Errorf("hand over inputs: %w", err)
	}
	for _, step := range []func(context.Context) error{w.makeReferences, w.openAll, w.measure, w.measureOverhead, w.makeProfiles} {
		if err := step(ctx); err != nil {
			return w.file(), err
		}
	}
	return w.file(), nil
}

// work is a sweep under way.
type work struct {
	*Sweep
	start, deadline time.Time // deadline zero: no budget
	inputs          string    // file
	cells           []*cell
	references      map[int]string // batch -> file
	unsteady        map[int]string // batch -> how the reference differs from itself; "": not at all
	overhead        *Overhead
}

// left is what the budget leaves; a day without one.
func (w *work) left() time.Duration {
	if w.deadline.IsZero() {
		return 24 * time.Hour
	}
	return time.Until(w.deadline) - closeTime
}

func (w *work) progress(step string, done, total int, c Config) {
	if w.Notify != nil {
		w.Notify(Progress{step, done, total, c, w.left()})
	}
}

// runnable are the cells that nothing has ended.
func (w *work) runnable() []*cell {
	return slices.DeleteFunc(slices.Clone(w.cells), func(c *cell) bool { return c.row.Status != StatusOK })
}

func (w *work) openRequest(c Cell, unoptimized bool) request {
	var images []string
	if !unoptimized {
		images = w.Images
	}
	return request{Open: &openRequest{Images: images, Model: w.File, Library: c.Library.Path, Providers: c.List, Threads: c.Threads, Batch: c.Batch,
		Concurrency: c.Concurrency, Inputs: w.inputs, Given: w.Graph.Given, Single: w.Graph.Single, Whole: w.Inputs.Rows == 0 || w.Graph.Single && !w.Inputs.Single, Dims: w.Inputs.Dims, Outputs: w.Outputs, OpenShapes: w.OpenShapes, Unoptimized: unoptimized, CustomOps: w.Run.Plan.CustomOps}}
}

// makeReferences computes the outputs at each batch, by the CPU provider of flavor
// cpu without graph optimisation. Without one, equality is not known.
func (w *work) makeReferences(ctx context.Context) error {
	w.Sweep.Run.Reference.Precision, w.Sweep.Run.Reference.Tolerance = describePrecision(w.Graph)
	var batches []int
	for _, c := range w.runnable() {
		batches = append(batches, c.Batch)
	}
	slices.Sort(batches)
	batches = slices.Compact(batches)
	for i, batch := range batches {
		w.progress("reference", i, len(batches), w.Reference.Config)
		file := filepath.Join(w.Folder, fmt.Sprintf("reference-%d.npz", batch))
		c := w.Reference
		c.Batch, c.Concurrency = batch, 1
		if err := w.once(ctx, c, true, request{Outputs: &outputsRequest{file}}, nil); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			w.Sweep.Run.Reference.Error = err.Error()
			continue
		}
		w.references[batch] = file
	}
	return nil
}

func describePrecision(g *onnx.Graph) (name, tolerance string) {
	p := equality.PrecisionOf(g)
	return string(p), p.Tolerance().String()
}

// once opens a cell in a process of its own, asks one thing and ends it.
func (w *work) once(ctx context.Context, c Cell, unoptimized bool, r request, got func(answer)) error {
	p, err := child.Start(w.Worker())
	if err != nil {
		return err
	}
	defer p.Close()
	a, err := ask(ctx, p, w.openRequest(c, unoptimized), openLimit)
	if err != nil {
		return err
	}
	if o := a.Opened; o != nil && unoptimized && o.Optimization != runner.AsWritten {
		w.Sweep.Run.Reference.Optimized = string(o.Optimization)
	}
	a, err = ask(ctx, p, r, checkLimit)
	if err == nil && got != nil {
		got(a)
	}
	return err
}

func profileKey(c Config) string { return fmt.Sprint(c.Providers, "@", c.Flavor, " ", c.Batch) }

// profiled are the first cells of each provider and batch: threads and runs in flight
// change nothing of where nodes are placed.
func (w *work) profiled() []*cell {
	var first []*cell
	seen := map[string]bool{}
	for _, c := range w.runnable() {
		if key := profileKey(c.Config); !seen[key] && c.row.Startup.FirstRunMS != nil {
			seen[key] = true
			first = append(first, c)
		}
	}
	return first
}

// profileRuns bounds a profile by time and by its size.
func (w *work) profileRuns(c *cell) int {
	return max(1, min(10, int(1000/max(1, *c.row.Startup.FirstRunMS)), 100_000/max(1, w.Graph.Nodes)))
}

// profileTime is how long the profiles are likely to take.
func (w *work) profileTime() time.Duration {
	ms := 0.
	for _, c := range w.profiled() {
		ms += 200 + *c.row.Startup.LoadMS*2 + *c.row.Startup.FirstRunMS*float64(2+w.profileRuns(c))
	}
	return time.Duration(ms * float64(time.Millisecond))
}

// makeProfiles profiles each provider's placement of nodes, at each batch.
func (w *work) makeProfiles(ctx context.Context) error {
	first := w.profiled()
	for i, c := range first {
		w.progress("profile", i, len(first), c.Config)
		var placement *Placement
		err := errors.New("the budget had ended before it was profiled")
		if w.left() > 0 {
			one := c.Cell
			one.Concurrency = 1
			err = w.once(ctx, one, false, request{Profile: &profileRequest{w.Folder, w.profileRuns(c)}}, func(a answer) { placement = a.Profile })
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		for _, other := range w.cells {
			if profileKey(other.Config) != profileKey(c.Config) {
				continue
			}
			if other.row.Placement = placement; err != nil {
				other.row.Unknown["placement"] = err.Error()
			}
		}
	}
	return nil
}

// openAll opens every cell, one after another, and compares its outputs.
func (w *work) openAll(ctx context.Context) error {
	cells := inTurns(w.runnable())
	var largest int64
	rest := time.Duration((1 - openShare) * float64(w.left()))
	for i, c := range cells {
		w.progress("open", i, len(cells), c.Config)
		if w.left() < rest && i > 0 {
			c.skip(fmt.Sprintf("opening %d cells before it took the budget's share: give more --budget, or try fewer values", i))
			continue
		}
		if free := int64(machine.Available()); free > 0 && largest > 0 && free < largest*3/2 {
			c.skip(fmt.Sprintf("%d MiB of memory are left, and cells took up to %d MiB each: all stay open side by side, so sweep fewer at once", free>>20, largest>>20))
			continue
		}
		if err := w.openCell(ctx, c); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			c.fail(err)
			continue
		}
		if rss := c.row.Memory.FirstRunBytes; rss != nil {
			largest = max(largest, *rss)
		}
	}
	return nil
}

// inTurns orders cells so that providers take turns.
func inTurns(cells []*cell) []*cell {
	seen := map[string]int{}
	turn := map[*cell]int{}
	for _, c := range cells {
		key := c.Providers + "@" + c.Flavor
		turn[c] = seen[key]
		seen[key]++
	}
	cells = slices.Clone(cells)
	slices.SortStableFunc(cells, func(a, b *cell) int { return cmp.Compare(turn[a], turn[b]) })
	return cells
}

func (w *work) openCell(ctx context.Context, c *cell) (err error) {
	if c.process, err = child.Start(w.Worker()); err != nil {
		return err
	}
	a, err := ask(ctx, c.process, w.openRequest(c.Cell, false), openLimit)
	if err != nil {
		return err
	}
	if a.Opened == nil {
		return errUnasked
	}
	o := a.Opened
	c.row.LibraryVersion, c.row.Provider, c.row.IntraOpThreads, c.row.ShapesFixed = o.LibraryVersion, o.Provider, o.Threads, o.Fixed
	c.row.MaySaturate = o.MaySaturate
	c.row.Startup, c.row.Memory = o.Startup, o.Memory
	if o.MemoryReason != "" {
		c.row.Unknown["memory"] = o.MemoryReason
	}
	file, ok := w.references[c.Batch]
	if !ok {
		c.row.Unknown["equal"] = "no reference outputs: " + w.Sweep.Run.Reference.Error
		return nil
	}
	if a, err = ask(ctx, c.process, request{Compare: &compareRequest{file}}, checkLimit); err != nil {
		return fmt.Errorf("compare outputs: %w", err)
	}
	if a.Compared == nil {
		return nil
	}
	c.row.Equality, c.row.Equal = a.Compared.Outputs, &a.Compared.Equal
	if differs(a.Compared.Outputs) == "" {
		return nil
	}
	how, err := w.repeats(ctx, c.Batch, file)
	if how != "" {
		c.row.Equal = nil
		c.row.Unknown["equal"] = "the reference does not repeat itself: run twice on the same input, its " + how
	}
	return err
}

// repeats says how the reference differs from its own outputs, which are in file, when it is
// run again; empty where it does not.
func (w *work) repeats(ctx context.Context, batch int, file string) (how string, err error) {
	if how, known := w.unsteady[batch]; known {
		return how, nil
	}
	c := w.Reference
	c.Batch, c.Concurrency = batch, 1
	err = w.once(ctx, c, true, request{Compare: &compareRequest{file}}, func(a answer) {
		if a.Compared != nil {
			how = differs(a.Compared.Outputs)
		}
	})
	if err != nil {
		return "", fmt.Errorf("run the reference again: %w", err)
	}
	w.unsteady[batch] = how
	repeats := how == ""
	if was := w.Sweep.Run.Reference.Repeats; was == nil || *was {
		w.Sweep.Run.Reference.Repeats = &repeats
	}
	return how, nil
}

// differs says which output is another one, and does not only lack numbers; empty if none is.
func differs(outputs []equality.Output) string {
	for _, o := range outputs {
		if !o.Within && !o.Nothing() {
			return fmt.Sprintf("output %s is another one: %s", o.Name, o.Reason)
		}
	}
	return ""
}

var errUnasked = errors.New("its process answered something else")

// ask sends a request to a cell's process. One that does not answer within limit is an
// error; it can't be asked again.
func ask(ctx context.Context, p *child.Process, r request, limit time.Duration) (a answer, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, limit, fmt.Errorf("no answer within %v", limit.Round(time.Second)))
	defer cancel()
	if err = p.Ask(ctx, r, &a); err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return a, err
}
