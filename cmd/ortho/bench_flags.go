package main

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/source"
	"ortho/runner"
	"ortho/runner/bench"
)

// benchSweep is the flags that say which cells are measured, and for how long.
type benchSweep struct {
	asked bench.Plan // by the flags; zero where they leave it open
	rerun string     // file

	providers, threads, batch, concurrency string // lists
	options                                []string
	custom                                 flags.CustomOps
	budget, duration                       time.Duration
}

func (s *benchSweep) Flags() []cli.Flag {
	const sweep, length = "What is tried", "How long"
	p := &s.asked
	return append([]cli.Flag{
		&cli.StringFlag{Name: "providers", Destination: &s.providers, Value: runner.CPU, Category: sweep, Usage: "execution `PROVIDERS` to compare, such as cpu,openvino,cuda+cpu (a + joins those of one session, in order of preference)"},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "provider-option", Category: sweep, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=0; may be repeated"}, Values: &s.options},
		&cli.StringFlag{Name: "threads", Destination: &s.threads, Category: sweep, DefaultText: "1 and the number of cores", Usage: "intra-op threads of one run: `N,...`; 0 is the provider's choice"},
		&cli.StringFlag{Name: "batch", Destination: &s.batch, Category: sweep, DefaultText: "1,8, or what the graph fixes", Usage: "rows of one run: `N,...`"},
		&cli.StringFlag{Name: "concurrency", Destination: &s.concurrency, Category: sweep, DefaultText: "1 and the number of cores", Usage: "runs in flight: `N,...`"},
		&cli.StringFlag{Name: "rerun", Destination: &s.rerun, Category: sweep, Usage: "measure again the recommended and the two next best cells of an earlier `FILE`, and say whether its recommendation stands (exit 4: it does not)"},
		&cli.DurationFlag{Name: "budget", Destination: &s.budget, Category: length, DefaultText: "2m (of a pipeline 10m), unless --duration or --iterations is given", Usage: "of the whole run, `TIME`: every cell gets its rounds, and the rest goes to those that may win"},
		&cli.DurationFlag{Name: "duration", Destination: &s.duration, Category: length, Usage: "of each cell, all rounds: `TIME`"},
		&cli.IntFlag{Name: "iterations", Destination: &p.Iterations, Category: length, Usage: "runs of each cell, all rounds: `N`"},
		&cli.IntFlag{Name: "rounds", Destination: &p.Rounds, Value: 5, Category: length, Usage: "turns of each cell, at least `N`; those of all cells are interleaved"},
		&cli.IntFlag{Name: "warmup", Destination: &p.Warmup, Value: 3, Category: length, Usage: "runs of each cell before its first round that are not counted: `N`"},
	}, s.custom.Flags()...)
}

func (s *benchSweep) Read(call *flags.Call) error {
	p := &s.asked
	p.Providers, p.ProviderOptions = strings.Split(s.providers, ","), s.options
	if err := s.custom.Read(call); err != nil {
		return err
	}
	p.CustomOps = s.custom.Files
	p.DurationS, p.BudgetS = s.duration.Seconds(), s.budget.Seconds()
	for _, list := range []struct {
		name, text string
		to         *[]int
		least      int
	}{
		{"threads", s.threads, &p.Threads, 0},
		{"batch", s.batch, &p.Batch, 1},
		{"concurrency", s.concurrency, &p.Concurrency, 1},
	} {
		var err error
		if *list.to, err = numberList(list.text, list.least); err != nil {
			return commandline.Usagef("--%s %w", list.name, err)
		}
	}
	switch {
	case p.Rounds < 1 || p.Rounds > 1000:
		return commandline.Usagef("--rounds %d: from 1 to 1000", p.Rounds)
	case p.Warmup < 0 || p.Warmup > 100_000:
		return commandline.Usagef("--warmup %d: from 0 to 100000", p.Warmup)
	case call.Given("iterations") && p.Iterations < 1:
		return commandline.Usagef("--iterations %d: at least 1", p.Iterations)
	case call.Given("duration") && p.DurationS <= 0, call.Given("budget") && p.BudgetS <= 0:
		return commandline.Usagef("--duration and --budget are times such as 30s or 2m")
	case call.Given("duration") && call.Given("iterations"):
		return commandline.Usagef("--duration and --iterations exclude each other")
	case call.Given("rerun") && (call.Given("providers") || call.Given("threads") || call.Given("batch") || call.Given("concurrency")):
		return commandline.Usagef("--rerun takes its cells from the file: --providers, --threads, --batch and --concurrency can't be given too")
	}
	for i, entry := range p.Providers {
		p.Providers[i] = strings.ToLower(strings.TrimSpace(entry))
		if p.Providers[i] == "" {
			return commandline.Usagef("--providers %q names an empty one", s.providers)
		}
		if slices.Contains(p.Providers[:i], p.Providers[i]) {
			return commandline.Usagef("--providers lists %s twice", entry)
		}
	}
	return nil
}

// plan is the plan of the flags, with these batches, this time and other defaults where they
// leave it open.
func (s *benchSweep) plan(batches []int, budget time.Duration) bench.Plan {
	p := s.asked
	for _, list := range []struct {
		of    *[]int
		usual []int
	}{{&p.Threads, coreCounts()}, {&p.Batch, batches}, {&p.Concurrency, coreCounts()}} {
		if *list.of == nil {
			*list.of = list.usual
		}
	}
	if p.DurationS == 0 && p.Iterations == 0 && p.BudgetS == 0 {
		p.BudgetS = budget.Seconds()
	}
	return p
}

// coreCounts are 1 and the number of cores.
func coreCounts() []int {
	counts := []int{1}
	if _, n := runner.DefaultBatch(runner.CPU); n > 1 {
		counts = append(counts, n)
	}
	return counts
}

// numberList reads "1,2,8"; none where text is empty.
func numberList(text string, least int) ([]int, error) {
	if text == "" {
		return nil, nil
	}
	var numbers []int
	for field := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(field))
		if err != nil || n < least || n > 4096 {
			return nil, fmt.Errorf("%q: numbers from %d to 4096, such as 1,2", text, least)
		}
		if slices.Contains(numbers, n) {
			return nil, fmt.Errorf("%q lists %d twice", text, n)
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}

// benchInput says what the graph is fed with.
type benchInput struct {
	what string // images, arrays, or synthetic
	dims map[string]int64
	seed uint64

	sizes                           []string // of dims, as they are typed
	givenWhat, givenDims, givenSeed bool
}

// syntheticValues are what a graph is fed with where nothing else is named.
const syntheticValues = "synthetic"

func (i *benchInput) Flags() []cli.Flag {
	const in = "Input"
	return []cli.Flag{
		&cli.StringFlag{Name: "input", Destination: &i.what, Value: syntheticValues, Category: in, Usage: "`WHAT` the graph is fed: images (file, folder, tar, @list), FILE.npz or .npy, or synthetic values"},
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "dim", Category: in, Usage: "`NAME=N`: the size of a symbolic dimension other than the batch; may be repeated"}, Values: &i.sizes},
		&cli.Uint64Flag{Name: "seed", Destination: &i.seed, Value: 1, Category: in, Usage: "of synthetic values: `N`"},
	}
}

func (i *benchInput) Read(call *flags.Call) (err error) {
	i.givenWhat, i.givenDims, i.givenSeed = call.Given("input"), call.Given("dim"), call.Given("seed")
	i.dims, err = flags.Dims(i.sizes)
	return err
}

// as is the input of an earlier run, unless the flags say otherwise.
func (i benchInput) as(was bench.Input) benchInput {
	switch {
	case was.Source != syntheticValues && !i.givenWhat:
		i.what = was.Name
	case was.Source == syntheticValues && !i.givenSeed:
		i.seed = was.Seed
	}
	if !i.givenDims {
		i.dims = was.Dims
	}
	return i
}

// files yields the files that are read.
func (i benchInput) files() iter.Seq[string] {
	if i.what == syntheticValues {
		return flags.NoFiles
	}
	return source.Files([]string{i.what}, source.Options{})
}

// benchChoice is the flags that say which cell is best.
type benchChoice struct {
	objective           string
	maxP99MS, maxRSSMiB float64
}

func (b *benchChoice) Flags() []cli.Flag {
	const choice = "What is best"
	return []cli.Flag{
		&cli.StringFlag{Name: "objective", Destination: &b.objective, Value: bench.ObjectiveThroughput, Category: choice, Usage: "`WHAT` the best cell is best at: throughput, latency or memory"},
		&cli.Float64Flag{Name: "max-p99-ms", Destination: &b.maxP99MS, Category: choice, DefaultText: "any", Usage: "the 99th percentile of a run's latency may be `MS` at most; where it is not known, the cell can't win"},
		&cli.Float64Flag{Name: "max-rss-mib", Destination: &b.maxRSSMiB, Category: choice, DefaultText: "any", Usage: "the peak of resident memory may be `MIB` at most"},
	}
}

func (b *benchChoice) Read(call *flags.Call) error {
	if call.Given("max-p99-ms") && !(b.maxP99MS > 0) || call.Given("max-rss-mib") && !(b.maxRSSMiB > 0) {
		return commandline.Usagef("--max-p99-ms and --max-rss-mib are above 0")
	}
	return commandline.OneOf("objective", b.objective, bench.Objectives...)
}
