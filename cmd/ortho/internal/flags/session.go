package flags

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/config"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/machine"
)

// CategoryRun is that of the flags that say how a model runs.
const CategoryRun = "How it runs"

// Session says how a model runs: the provider, and threads, batches and runs in flight.
type Session struct {
	NoConcurrency bool // no --concurrency of its own
	Batches       bool // with --batch

	Runner      runner.Options
	Concurrency int // 0: as suits the provider
	Batch       int // 0: as suits the provider

	operators CustomOps

	saved    bench.Settings // of --settings
	settings bool           // they were given
	provider bool           // --provider was given
}

func (s *Session) Flags() []cli.Flag {
	const run = CategoryRun
	all := []cli.Flag{
		&cli.StringFlag{Name: "settings", Category: run, Usage: "`FILE` of bench run --save-settings: its provider, threads, batch and concurrency, where no flag says otherwise"},
		&cli.StringFlag{Name: "provider", Aliases: []string{"p"}, Value: runner.CPU, Category: run, Usage: "execution `PROVIDERS`, in order of preference, such as cuda,cpu; no other is used"},
		&Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "provider-option", Category: run, Usage: "`PROVIDER.KEY=VALUE`, such as cuda.device_id=1, tensorrt.trt_fp16_enable=1 or openvino.device_type=GPU: keys of ONNX Runtime's own (docs/providers.md has the usual ones); may be repeated"}},
		&cli.IntFlag{Name: "threads", Category: run, DefaultText: "by provider; cpu: 1", Usage: "intra-op threads of one run"},
	}
	if !s.NoConcurrency {
		all = append(all, &cli.IntFlag{Name: "concurrency", Category: run, DefaultText: "by provider; cpu: one for each core", Usage: "runs in flight"})
	}
	all = append(all, libraryFlag())
	all = append(all, s.operators.Flags()...)
	if s.Batches {
		all = append(all, &cli.IntFlag{Name: "batch", Category: run, DefaultText: "by provider; cpu: 1", Usage: "images of one run"})
	}
	return all
}

func (s *Session) Read(c *Call) error {
	for _, name := range []string{"threads", "concurrency", "batch"} {
		if n := c.line.Int(name); n < 0 || n > 4096 {
			return commandline.Usagef("--%s %d: from 1 to 4096, or 0 for the default", name, n)
		}
	}
	providers, err := runner.ParseProviders(c.line.String("provider"), c.Repeated("provider-option"))
	if err != nil {
		return commandline.Usage(err)
	}
	s.Runner = runner.Options{Library: c.line.String("onnxruntime"), Providers: providers, Threads: c.line.Int("threads")}
	if err := s.operators.Read(c); err != nil {
		return err
	}
	s.Runner.CustomOps = s.operators.Files
	s.Concurrency, s.Batch = c.line.Int("concurrency"), c.line.Int("batch")
	s.saved, s.settings, s.provider = c.saved, c.has("settings") && c.Given("settings"), c.Given("provider")
	return nil
}

// meantProvider adds to the error of a provider that is not known the name that it was likely to be.
func meantProvider(err error) error {
	var unknown *runner.UnknownProviderError
	if !errors.As(err, &unknown) || unknown.Meant != "" {
		return err
	}
	return fmt.Errorf("%w%s", err, commandline.DidYouMean(unknown.Name, runner.ProviderNames()))
}

// Chosen reports whether a provider was asked for.
func (s *Session) Chosen() bool { return s.provider }

// Settings are those of the options that change what a model answers.
func (s *Session) Settings() record.Settings {
	var providers, options []string
	for _, p := range s.Runner.Providers {
		providers = append(providers, p.Name)
		for _, key := range slices.Sorted(maps.Keys(p.Options)) {
			options = append(options, p.Name+"."+key+"="+p.Options[key])
		}
	}
	return append(record.Settings{
		{Key: "provider", Value: strings.Join(providers, ",")},
		{Key: "provider-option", Value: strings.Join(options, " ")},
	}, s.operators.Settings()...)
}

// Check warns where the file of --settings was measured with another model or on another
// CPU than this run's.
func (s *Session) Check(ctx context.Context, ui *term.UI, m *models.Model) {
	if !s.settings {
		return
	}
	if digest, err := m.Digest(ctx); err == nil && digest != s.saved.ModelSHA256 {
		ui.Warn(fmt.Sprintf("the settings were measured with another model, %s: `ortho bench run` measures this one", s.saved.Model))
	}
	if cpu := machine.Read().CPUModel; cpu != s.saved.CPU {
		ui.Warn(fmt.Sprintf("the settings were measured on another CPU, %s: `ortho bench run` measures this one", s.saved.CPU))
	}
}

// SavedBatch is the batch that --settings has measured to be best; 0 where they say nothing.
func (s *Session) SavedBatch() int {
	if !s.settings {
		return 0
	}
	return s.saved.Batch
}

// TellSession warns of what is otherwise in a session than it was asked for: providers that
// can't be used, and sums of 8-bit products that this CPU may saturate.
func TellSession(ui *term.UI, s *runner.Session) {
	for _, text := range warnings(s) {
		ui.Warn(text)
	}
}

// TellParts is TellSession for the sessions of a pipeline's parts, which are opened as they are
// needed, some more than once: it says the same of a part once.
func TellParts(ui *term.UI) func(part string, s *runner.Session) {
	var mutex sync.Mutex
	said := map[string]bool{}
	return func(part string, s *runner.Session) {
		mutex.Lock()
		defer mutex.Unlock()
		for _, text := range warnings(s) {
			if text = part + ": " + text; !said[text] {
				said[text] = true
				ui.Warn(text)
			}
		}
	}
}

func warnings(s *runner.Session) (texts []string) {
	for _, skipped := range s.Skipped {
		texts = append(texts, remedy.Text(skipped))
	}
	if s.Saturates {
		texts = append(texts, runner.Saturation)
	}
	return texts
}

// TellUnturned says of how many images the orientation was ignored, unless who runs the model
// asked for that.
func TellUnturned(ui *term.UI, m *models.Model, n int64) {
	if n == 0 {
		return
	}
	i := slices.IndexFunc(m.Facts, func(f models.Fact) bool { return f.Key == "orientation" })
	if i >= 0 && (m.Facts[i].Source == "flag" || m.Facts[i].Source == config.SidecarFile) {
		return
	}
	text := "1 image has an EXIF orientation that was ignored: it was read"
	if n > 1 {
		text = fmt.Sprintf("%d images have an EXIF orientation that was ignored: they were read", n)
	}
	ui.Warn(text + " as stored, lying or mirrored; --orientation exif turns images upright, --orientation ignore says that this is meant")
}

// Library is the flag of ONNX Runtime's library alone.
type Library struct{ Path string } // "": one is searched for

func (*Library) Flags() []cli.Flag { return []cli.Flag{libraryFlag()} }

func (l *Library) Read(c *Call) error {
	l.Path = c.line.String("onnxruntime")
	return nil
}

func libraryFlag() cli.Flag {
	return &cli.StringFlag{Name: "onnxruntime", Category: CategoryRun, Usage: "`PATH` of ONNX Runtime's library (also: ORTHO_ONNXRUNTIME)"}
}
