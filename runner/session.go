package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/library"
	"ortho/runner/onnx"
)

// Model is a graph to run: a file, or its bytes where it is not one.
type Model struct {
	Path  string
	Data  []byte
	Graph *onnx.Graph

	folder string // of Data: what the names of its files with weights are relative to; "": Path's
}

// Options say how a session runs. The zero value is the CPU provider with
// settings that suit many small runs.
type Options struct {
	Library   string     // path of ONNX Runtime's library; "": searched for as library.FindFor does
	Providers []Provider // strict, in order; none: CPU
	Threads   int        // threads of one run; 0: 1 on the CPU, OpenVINO there too, ONNX Runtime's choice elsewhere
	// Outputs are those to compute; none: all. One may be a value within the graph, of float32:
	// what ZipMap takes.
	Outputs []string
	// CustomOps are libraries with operators that ONNX Runtime does not have itself.
	CustomOps []string
	// Dims returns the sizes of the inputs' symbolic dimensions, by their names, that all
	// runs will have on a provider: the graph can then be optimised for them. It is a hint:
	// where no session can be made of it, they are left open. nil: all left open.
	Dims func(provider string) map[string]int64
	// Unoptimized switches graph optimisation off, as far as answers stay right: see [ExactInt8].
	Unoptimized bool
	// Profile, where not "", makes ONNX Runtime write its profile (Chrome's trace format) to a
	// file whose name begins so, when the session is closed.
	Profile string
}

// check returns an error where the graph can't be loaded for what its files are.
func (m Model) check() error {
	if m.Data == nil {
		return m.Graph.CheckWeights(m.Path)
	}
	name := cmp.Or(m.Graph.Name, "the graph")
	if len(m.Graph.External) > 0 { // ONNX Runtime would look for them in the process's folder
		return fmt.Errorf("%s: its weights are in %s, and a graph in memory has no folder that files lie in: see onnx.Graph.Embed", name, strings.Join(m.Graph.ExternalData, ", "))
	}
	if err := m.Graph.CheckSize(); err != nil {
		return fmt.Errorf("%s %w", name, err)
	}
	return nil
}

// Session is a graph on its execution providers. Its methods may be called concurrently.
type Session struct {
	Inputs, Outputs []onnx.Value
	Provider        string        // the first provider of those asked for that runs nodes of the graph
	Skipped         []error       // why providers before it do not: a [ProviderError] each
	Library         library.Found // the library that runs it
	Threads         int           // intra-op threads; 0: ONNX Runtime's choice
	Fixed           bool          // runs must have the sizes that Options.Dims gave
	// Nodes counts the nodes that each provider runs, of the graph as ONNX Runtime has optimised
	// it first. nil: the CPU runs all.
	Nodes map[string]int
	// Saturates reports that sums of 8-bit products may saturate on this CPU: the graph can't be
	// loaded with the setting that would prevent it. Answers may then differ from other CPUs'.
	Saturates    bool
	Optimization Optimization // of the graph

	session  *ort.DynamicAdvancedSession
	given    []*constant // inputs that follow Inputs in every run
	unusable []error     // why providers can't be added, as create found
	assigned assignment  // nil: all to the CPU
	gate     Gate
	turn     chan struct{} // what a run holds where there may be only one; nil: there may be more
	ran      atomic.Bool
}

// enter lets a call in that uses the session, which then calls s.gate.Leave.
func (s *Session) enter() error { return s.gate.Enter("the session") }

var loaded struct {
	sync.Mutex
	library.Found
	explicit string // what was asked for when it was loaded
}

// loadedAPI is the table of functions of what was loaded.
var loadedAPI atomic.Pointer[unsafe.Pointer]

// load loads ONNX Runtime, once a process: onnxruntime_go keeps it globally. Of the
// libraries that are there it is one that suits the providers.
func load(path string, providers []Provider) (library.Found, error) {
	loaded.Lock()
	defer loaded.Unlock()
	var wanted []string
	for _, p := range providers {
		wanted = append(wanted, p.Name)
	}
	if loaded.Path != "" {
		if path != "" && path != loaded.Path && path != loaded.explicit {
			return library.Found{}, fmt.Errorf("ONNX Runtime is already loaded from %s; a process can't also use %s", loaded.Path, path)
		}
		if len(wanted) > 0 && !slices.ContainsFunc(wanted, loaded.Has) {
			return library.Found{}, fmt.Errorf("%s is already loaded, and a process can't use another: %w: %s", loaded.Found, library.ErrNoProvider, strings.Join(wanted, ", "))
		}
		return loaded.Found, nil
	}
	found, err := library.FindFor(path, wanted)
	if err != nil {
		return library.Found{}, err
	}
	fail := func(err error) (library.Found, error) {
		return library.Found{}, fmt.Errorf("load %s: %w", found, err)
	}
	if err := keepLog(found); err != nil {
		return fail(err)
	}
	ort.SetSharedLibraryPath(found.Path)
	if err := ort.InitializeEnvironment(ort.WithLogLevelError()); err != nil {
		return fail(err)
	}
	if !library.Telemetry() { // Windows' builds have had events since long before the variable
		if err := ort.DisableTelemetry(); err != nil {
			return fail(err)
		}
	}
	takeLog() // messages about devices that nobody asked for
	api, err := found.API()
	if err != nil {
		return fail(err)
	}
	loadedAPI.Store((*unsafe.Pointer)(api))
	loaded.Found, loaded.explicit = found, path
	return found, nil
}

// Load loads the library that Open would, and returns it.
func Load(opt Options) (library.Found, error) { return load(opt.Library, opt.Providers) }

// Open makes a session. Errors name the model, and the provider that could not
// be used with its reason. ctx is for Open alone.
//
// When ctx is done first, Open returns its error at once. ONNX Runtime is asked to give the
// session up, which it does between steps of its own; a provider's step, such as the engine
// that TensorRT builds for minutes, goes on in the background, and its result is freed.
func Open(ctx context.Context, m Model, opt Options) (*Session, error) {
	return await(ctx, func(ctx context.Context) (*Session, error) { return newSession(ctx, m, opt) },
		func(late *Session) { late.Close() })
}

func newSession(ctx context.Context, m Model, opt Options) (*Session, error) {
	found, err := load(opt.Library, opt.Providers)
	if err != nil {
		return nil, err
	}
	if err := m.check(); err != nil {
		return nil, err
	}
	if m, err = m.reaching(opt.Outputs); err != nil {
		return nil, err
	}
	if m.Data == nil {
		if m, err = followed(m); err != nil {
			return nil, err
		}
	}
	s := &Session{Inputs: m.Graph.Inputs, Outputs: m.Graph.Outputs, Library: found, given: constants(m.Graph.Given)}
	if len(opt.Outputs) > 0 {
		if s.Outputs, err = pick(m.Graph.Outputs, opt.Outputs); err != nil {
			return nil, err
		}
	}
	if err := s.open(ctx, m, opt); err != nil {
		return nil, err
	}
	return s, nil
}

// create makes the session. exact: where the CPU would saturate 8-bit sums, it is kept from that.
func (s *Session) create(ctx context.Context, m Model, opt Options, exact bool) error {
	providers := opt.Providers
	if slices.ContainsFunc(providers, func(p Provider) bool { return p.Name != CPU }) {
		defer keepSignals()()
		defer keepStack()()
	}
	options, err := sessionOptions(withThreads(providers, opt.Threads), exact)
	if err != nil {
		return err
	}
	defer options.Destroy()
	inUse := options.inUse
	s.Provider, s.unusable, s.Fixed, s.Threads, s.turn, s.assigned = inUse, options.skipped, false, opt.Threads, nil, nil
	if options.serial {
		s.turn = make(chan struct{}, 1)
	}
	if s.Threads == 0 && slices.ContainsFunc(providers, func(p Provider) bool { return p.Name == inUse && p.ownThreads() }) {
		s.Threads = 1
	}
	if s.Threads > 0 {
		if err := options.SetIntraOpNumThreads(s.Threads); err != nil {
			return fmt.Errorf("set %d intra-op threads: %w", s.Threads, err)
		}
	}
	s.Optimization = optimization(m.Graph, opt.Unoptimized, exact && saturates)
	if err := s.Optimization.set(options.SessionOptions); err != nil {
		return err
	}
	if opt.Profile != "" {
		if err := options.EnableProfiling(opt.Profile); err != nil {
			return fmt.Errorf("profile to %s: %w", opt.Profile, err)
		}
	}
	if opt.Dims != nil {
		if sizes := opt.Dims(inUse); len(sizes) > 0 {
			s.Fixed = true
			if err := fixDimensions(s.Library, options.SessionOptions, sizes); err != nil {
				return err
			}
		}
	}
	for _, path := range opt.CustomOps {
		if err := addOperators(s.Library, options.SessionOptions, path); err != nil {
			return err
		}
	}
	if err := setFolder(options.SessionOptions, m); err != nil {
		return err
	}
	defer cancellable(ctx, s.Library, options.SessionOptions)()
	inputs, outputs := names(s.Inputs), names(s.Outputs)
	for _, c := range s.given {
		inputs = append(inputs, c.Name)
	}
	if m.Data != nil {
		s.session, err = ort.NewDynamicAdvancedSessionWithONNXData(m.Data, inputs, outputs, options.SessionOptions)
	} else {
		s.session, err = ort.NewDynamicAdvancedSession(m.Path, inputs, outputs, options.SessionOptions)
	}
	if err != nil {
		return fmt.Errorf("create a session for %s on %s: %w", cmp.Or(m.Path, m.Graph.Name, "the graph"), inUse, refusal(err))
	}
	if inUse != CPU {
		if s.assigned, err = assigned(s.Library, s.session); err != nil {
			return errors.Join(err, s.destroy())
		}
	}
	return nil
}

func pick(values []onnx.Value, wanted []string) ([]onnx.Value, error) {
	var picked []onnx.Value
	for _, name := range wanted {
		i := 0
		for i < len(values) && values[i].Name != name {
			i++
		}
		if i == len(values) {
			return nil, fmt.Errorf("the graph has no output %q; it has %q", name, names(values))
		}
		picked = append(picked, values[i])
	}
	return picked, nil
}

func names(values []onnx.Value) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = v.Name
	}
	return out
}

// Run runs the graph once. A nil output is allocated and put in its place; the caller closes
// it. When ctx is done the run is terminated, and Run returns ctx's error once ONNX Runtime has
// let go of the tensors. A tensor's Close waits for the runs that use it; a closed one is an error
// that wraps [ErrClosed].
func (s *Session) Run(ctx context.Context, inputs, outputs []*Tensor) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.gate.Leave()
	return s.entered(ctx, inputs, outputs)
}

// entered is Run, for a call that has entered the session.
func (s *Session) entered(ctx context.Context, inputs, outputs []*Tensor) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	defer release(hold(inputs, outputs))
	if err := s.check(inputs, outputs); err != nil {
		return err
	}
	return s.run(ctx, inputs, outputs)
}

func (s *Session) run(ctx context.Context, inputs, outputs []*Tensor) error {
	if s.turn != nil {
		select {
		case s.turn <- struct{}{}:
			defer func() { <-s.turn }()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	options, err := ort.NewRunOptions()
	if err != nil {
		return fmt.Errorf("create run options: %w", err)
	}
	defer options.Destroy()
	terminated := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		options.Terminate()
		close(terminated)
	})
	if s.Provider != CPU && s.ran.CompareAndSwap(false, true) {
		defer keepSignals()() // some drivers install theirs in the first run
	}
	given, release, err := s.constants(inputs)
	if err != nil {
		if !stop() {
			<-terminated
		}
		return err
	}
	defer release()
	in, out := append(values(inputs), values(given)...), values(outputs)
	err = s.call(options, in, out)
	runtime.KeepAlive(inputs)
	runtime.KeepAlive(given)
	runtime.KeepAlive(outputs)
	if !stop() {
		<-terminated
	}
	if err != nil {
		for i, value := range out {
			if outputs[i] == nil && value != nil {
				freeValue(value)
			}
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("run on %s: %w", s.Provider, err)
	}
	return s.adopt(outputs, out)
}

func values(tensors []*Tensor) []unsafe.Pointer {
	out := make([]unsafe.Pointer, len(tensors))
	for i, t := range tensors {
		if t != nil {
			out[i] = t.native.value
		}
	}
	return out
}

// Close refuses further runs, whose error is [ErrClosed], waits for those under way, and
// frees the session. It may be called at any time, and more than once.
func (s *Session) Close() error {
	return s.gate.Close(func() error {
		defer s.freeConstants()
		return s.destroy()
	})
}

func (s *Session) destroy() error {
	if s.Provider != CPU {
		defer keepStack()()
	}
	return s.session.Destroy()
}
