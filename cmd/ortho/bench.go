package main

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/bench"
)

func newBenchCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "find the execution provider and settings to use, and check that the answers are right",
		Subcommands: []*cli.Command{
			newBenchRunCommand(),
			newBenchCompareCommand(),
			newBenchReportCommand(),
			newBenchWorkerCommand(),
			newBenchDrawCommand(),
		},
	}
}

func newBenchRunCommand() *cli.Command {
	const sweep, length, in, choice, out = "What is tried", "How long", "Input", "What is best", "Output"
	flags := []cli.Flag{
		&cli.StringFlag{Name: "providers", Value: runner.CPU, Category: sweep, Usage: "execution `PROVIDERS` to compare, such as cpu,openvino,cuda+cpu (a + joins those of one session, in order of preference)"},
		&cli.StringSliceFlag{Name: "provider-option", Category: sweep, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=0; may be repeated"},
		&cli.StringFlag{Name: "threads", Category: sweep, DefaultText: "1 and the number of cores", Usage: "intra-op threads of one run: `N,...`; 0 is the provider's choice"},
		&cli.StringFlag{Name: "batch", Category: sweep, DefaultText: "1,8, or what the graph fixes", Usage: "rows of one run: `N,...`"},
		&cli.StringFlag{Name: "concurrency", Category: sweep, DefaultText: "1 and the number of cores", Usage: "runs in flight: `N,...`"},
		&cli.StringFlag{Name: "rerun", Category: sweep, Usage: "measure again the recommended and the two next best cells of an earlier `FILE`, and say whether its recommendation stands (exit 4: it does not)"},
		&cli.DurationFlag{Name: "budget", Category: length, DefaultText: "2m (of a pipeline 10m), unless --duration or --iterations is given", Usage: "of the whole run, `TIME`: every cell gets its rounds, and the rest goes to those that may win"},
		&cli.DurationFlag{Name: "duration", Category: length, Usage: "of each cell, all rounds: `TIME`"},
		&cli.IntFlag{Name: "iterations", Category: length, Usage: "runs of each cell, all rounds: `N`"},
		&cli.IntFlag{Name: "rounds", Value: 5, Category: length, Usage: "turns of each cell, at least `N`; those of all cells are interleaved"},
		&cli.IntFlag{Name: "warmup", Value: 3, Category: length, Usage: "runs of each cell before its first round that are not counted: `N`"},
		&cli.StringFlag{Name: "input", Value: "synthetic", Category: in, Usage: "`WHAT` the graph is fed: images (file, folder, tar, @list), FILE.npz or .npy, or synthetic values"},
		&cli.StringSliceFlag{Name: "dim", Category: in, Usage: "`NAME=N`: the size of a symbolic dimension other than the batch; may be repeated"},
		&cli.Uint64Flag{Name: "seed", Value: 1, Category: in, Usage: "of synthetic values: `N`"},
		&cli.StringFlag{Name: "objective", Value: bench.ObjectiveThroughput, Category: choice, Usage: "`WHAT` the best cell is best at: throughput, latency or memory"},
		&cli.Float64Flag{Name: "max-p99-ms", Category: choice, DefaultText: "any", Usage: "the 99th percentile of a run's latency may be `MS` at most; where it is not known, the cell can't win"},
		&cli.Float64Flag{Name: "max-rss-mib", Category: choice, DefaultText: "any", Usage: "the peak of resident memory may be `MIB` at most"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write all figures and samples to `FILE`.jsonl (of a pipeline: to a folder, a file for each part); until it is complete, rounds are kept in FILE.rounds"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace existing files"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue where a run of -o FILE that was interrupted ended"},
		&cli.StringFlag{Name: "html", Category: out, Usage: "write a report with figures to `FILE`"},
		&cli.BoolFlag{Name: "markdown", Category: out, Usage: "print Markdown"},
		&cli.StringFlag{Name: "save-settings", Category: out, Usage: "write the winner's settings to `FILE`, for classify --settings"},
		&cli.StringFlag{Name: "progress", Value: "auto", Category: out, Usage: "`WHEN` progress is shown: auto (on a terminal), always or never"},
		libraryFlag(),
	}
	return &cli.Command{
		Name:      "run",
		ArgsUsage: "[TEXT]",
		Usage:     "measure a model over providers, threads, batches and runs in flight, and recommend settings",
		Description: "Any ONNX graph. Each cell of the sweep is a process of its own, with the ONNX Runtime flavor that has its\n" +
			"providers; a flavor's own CPU provider is measured beside it, so that version and provider are not confused.\n" +
			"Cells take turns in interleaved rounds. Outputs are compared with those of the CPU provider without graph\n" +
			"optimisation, and a cell whose outputs are not equal can't win.\n\n" +
			"Images go the whole way, from the encoded file to the classes, as `ortho classify` takes them: their throughput\n" +
			"is that of the pipeline, latencies are those of the graph alone. Of other inputs, both are the graph's.\n\n" +
			"Of a Stable Diffusion pipeline (-m FOLDER with model_index.json), an image is drawn first, which shows how often it\n" +
			"runs each part, and gives their inputs. Each part is then measured as any other graph, and the table has an\n" +
			"image's time by part, Go's own work between the runs, and each part's peak of memory. The text is the argument:\n\n" +
			"  ortho bench run -m sd-turbo --steps 4 --threads 1,2,4 -o results \"a red fox in snow\"\n" +
			"  ortho bench compare old/unet.jsonl results/unet.jsonl\n\n" +
			"The recommendation comes with the flags to give; --save-settings keeps them for `ortho classify --settings`.",
		Flags:  slices.Concat(flags, pipelineBenchFlags(), imageFlags(), modelFlags(models.Classify)),
		Action: benchRunAction,
	}
}

// benchPlan is what the flags ask for.
func benchPlan(c *cli.Context, fixedBatch int) (bench.Plan, error) {
	p := bench.Plan{
		Providers:       strings.Split(c.String("providers"), ","),
		ProviderOptions: c.StringSlice("provider-option"),
		Warmup:          c.Int("warmup"),
		Iterations:      c.Int("iterations"),
		Rounds:          c.Int("rounds"),
		DurationS:       c.Duration("duration").Seconds(),
		BudgetS:         c.Duration("budget").Seconds(),
		Objective:       c.String("objective"),
		MaxP99MS:        c.Float64("max-p99-ms"),
		MaxRSSMiB:       c.Float64("max-rss-mib"),
	}
	batches := []int{1, 8}
	if fixedBatch > 0 {
		batches = []int{fixedBatch}
	}
	for _, list := range []struct {
		name  string
		to    *[]int
		least int
		usual []int
	}{
		{"threads", &p.Threads, 0, coreCounts()},
		{"batch", &p.Batch, 1, batches},
		{"concurrency", &p.Concurrency, 1, coreCounts()},
	} {
		numbers, err := numberList(c.String(list.name), list.least)
		if err != nil {
			return p, usagef("--%s %w", list.name, err)
		}
		if *list.to = numbers; numbers == nil {
			*list.to = list.usual
		}
	}
	switch {
	case p.Rounds < 1 || p.Rounds > 1000:
		return p, usagef("--rounds %d: from 1 to 1000", p.Rounds)
	case p.Warmup < 0 || p.Warmup > 100_000:
		return p, usagef("--warmup %d: from 0 to 100000", p.Warmup)
	case c.IsSet("iterations") && p.Iterations < 1:
		return p, usagef("--iterations %d: at least 1", p.Iterations)
	case c.IsSet("duration") && p.DurationS <= 0, c.IsSet("budget") && p.BudgetS <= 0:
		return p, usagef("--duration and --budget are times such as 30s or 2m")
	case c.IsSet("duration") && c.IsSet("iterations"):
		return p, usagef("--duration and --iterations exclude each other")
	case c.IsSet("max-p99-ms") && !(p.MaxP99MS > 0), c.IsSet("max-rss-mib") && !(p.MaxRSSMiB > 0):
		return p, usagef("--max-p99-ms and --max-rss-mib are above 0")
	case !slices.Contains(bench.Objectives, p.Objective):
		return p, usagef("--objective %q is none of %s", p.Objective, strings.Join(bench.Objectives, ", "))
	}
	if p.DurationS == 0 && p.Iterations == 0 && p.BudgetS == 0 {
		p.BudgetS = (2 * time.Minute).Seconds()
	}
	if c.IsSet("rerun") && (c.IsSet("providers") || c.IsSet("threads") || c.IsSet("batch") || c.IsSet("concurrency")) {
		return p, usagef("--rerun takes its cells from the file: --providers, --threads, --batch and --concurrency can't be given too")
	}
	for i, entry := range p.Providers {
		p.Providers[i] = strings.ToLower(strings.TrimSpace(entry))
		if p.Providers[i] == "" {
			return p, usagef("--providers %q names an empty one", c.String("providers"))
		}
		if slices.Contains(p.Providers[:i], p.Providers[i]) {
			return p, usagef("--providers lists %s twice", entry)
		}
	}
	return p, nil
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

// newBenchWorkerCommand is what bench run starts for each cell.
func newBenchWorkerCommand() *cli.Command {
	return &cli.Command{
		Name:   "worker",
		Hidden: true,
		Usage:  "a cell's process; speaks JSON lines",
		Flags:  append(modelFlags(models.Classify), imageFlags()...),
		Action: func(c *cli.Context) error {
			return bench.Serve(c.Context, os.Stdin, os.Stdout, func() (*bench.Images, error) { return pipelineImages(c) })
		},
	}
}
