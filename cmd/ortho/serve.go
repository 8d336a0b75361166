package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/serve"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/models/describe"
	"ortho/models/dual"
	"ortho/runner/regular"
)

// serveOptions is what the flags of serve say.
type serveOptions struct {
	models     []string
	repository string
	http, grpc string
	tokenEnv   string
	cert, key  string
	insecure   bool
	access     bool
	traces     bool

	batch       int
	delay       time.Duration
	queue       int
	timeout     time.Duration
	drain, idle time.Duration
	maxBody     int64
	maxBodies   int64
	budget      int64
	allVersions bool

	describes               bool
	chatModel, prompt, lang string

	session  flags.Session
	decoding flags.MaxPixels
}

func newServeCommand() *cli.Command {
	o := &serveOptions{}
	const limits, models = "Limits", "Models"
	own := flags.Own{
		&flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "model", Aliases: []string{"m"}, Category: models, Usage: "a model to answer with: `NAME=PATH`, or a bundled name, folder or .onnx file, whose name it gets; may be repeated", DefaultText: bundled.Default}, Values: &o.models},
		&cli.StringFlag{Name: "repository", Destination: &o.repository, Category: models, Usage: "a `FOLDER` of models: each sub-folder is one, by its name; sub-folders of numbers in it are versions"},
		&cli.BoolFlag{Name: "all-versions", Destination: &o.allVersions, Category: models, Usage: "open all versions of a model, and not the last alone"},
		&cli.DurationFlag{Name: "idle", Destination: &o.idle, Category: models, Usage: "close a model that was not asked for `DURATION`, until it is asked again", DefaultText: "never"},
		&cli.Int64Flag{Name: "model-memory", Destination: &o.budget, Category: models, Usage: "keep models of at most `MB` of files open; those that are idle longest make way", DefaultText: "no limit"},

		&cli.StringFlag{Name: "http", Value: "127.0.0.1:8000", Destination: &o.http, Category: "Addresses", Usage: "`ADDRESS` for HTTP"},
		&cli.StringFlag{Name: "grpc", Destination: &o.grpc, Category: "Addresses", Usage: "`ADDRESS` for gRPC, such as 127.0.0.1:8001", DefaultText: "none"},
		&cli.StringFlag{Name: "token-env", Destination: &o.tokenEnv, Category: "Addresses", Usage: "environment `VARIABLE` with the token that clients have to show"},
		&cli.StringFlag{Name: "tls-cert", Destination: &o.cert, Category: "Addresses", Usage: "`FILE` of a certificate (PEM), for TLS"},
		&cli.StringFlag{Name: "tls-key", Destination: &o.key, Category: "Addresses", Usage: "`FILE` of the certificate's key (PEM)"},
		&cli.BoolFlag{Name: "insecure", Destination: &o.insecure, Category: "Addresses", Usage: "answer on addresses that other machines reach without a token and TLS"},
		&cli.BoolFlag{Name: "access-log", Destination: &o.access, Category: "Addresses", Usage: "print a line of JSON for each request on standard error"},
		&cli.BoolFlag{Name: "traces", Destination: &o.traces, Category: "Addresses", Usage: "print a line of OTLP's JSON for each request on standard error: OpenTelemetry's spans, of the client's trace (traceparent) or one of its own"},

		&cli.BoolFlag{Name: "describe", Destination: &o.describes, Category: flags.CategoryChat, Usage: "answer /v1/describe: images are sent to the chat server of " + flags.EnvBaseURL + " (OpenAI's without it), with the key of " + flags.EnvKey},
		&cli.StringFlag{Name: "chat-model", Destination: &o.chatModel, Category: flags.CategoryChat, DefaultText: "$" + flags.EnvChatModel + ", or " + describe.DefaultModel, Usage: "`MODEL` of the chat server"},
		&cli.StringFlag{Name: "prompt", Destination: &o.prompt, Value: "caption", Category: flags.CategoryChat, Usage: "what is asked for: a built-in `NAME`, or a FILE with a template"},
		&cli.StringFlag{Name: "lang", Destination: &o.lang, Category: flags.CategoryChat, DefaultText: "the prompt's", Usage: "`LANGUAGE` of descriptions, such as German or de"},

		&cli.IntFlag{Name: "max-batch", Destination: &o.batch, Category: limits, Usage: "`ROWS` of requests that share a run", DefaultText: "of --settings; else by provider; cpu: 1"},
		&cli.DurationFlag{Name: "max-delay", Destination: &o.delay, Category: limits, Usage: "how long a run that is not full waits for further requests: `DURATION`", DefaultText: "not at all"},
		&cli.IntFlag{Name: "queue", Value: 64, Destination: &o.queue, Category: limits, Usage: "`REQUESTS` that may wait for a model; further ones get 503"},
		&cli.DurationFlag{Name: "timeout", Value: time.Minute, Destination: &o.timeout, Category: limits, Usage: "give a request up after `DURATION`; 0: never"},
		&cli.Int64Flag{Name: "max-body", Value: 64, Destination: &o.maxBody, Category: limits, Usage: "`MB` of a request"},
		&cli.Int64Flag{Name: "max-bodies", Value: 512, Destination: &o.maxBodies, Category: limits, Usage: "`MB` of all requests under way together"},
		&cli.DurationFlag{Name: "drain", Value: 30 * time.Second, Destination: &o.drain, Category: limits, Usage: "at SIGTERM, wait `DURATION` for requests under way"},
	}
	return flags.Command(cli.Command{
		Name:        "serve",
		Usage:       "answer requests with models that stay open",
		Description: help("serve"),
	}, o.run, own, &o.decoding, &o.session)
}

func (o *serveOptions) run(ctx context.Context, call *flags.Call) error {
	options, err := o.options()
	if err != nil {
		return err
	}
	if len(call.Args) > 0 {
		return commandline.Usagef("%s: a model is named with -m, and what is asked for comes in requests", term.Clean(call.Args[0]))
	}
	if o.access {
		options.Access = call.Err
	}
	if o.traces {
		options.Traces = call.Err
	}
	if options.Describer, err = o.describer(call); err != nil {
		return err
	}
	if options.Describer != nil {
		defer options.Describer.Close()
	}
	if batch := o.session.SavedBatch(); batch > 1 && !call.Given("max-batch") {
		o.batch, options.MaxBatch = batch, batch
		call.Info(fmt.Sprintf("requests that come together share runs of up to %d rows, as --settings has it", batch))
	}
	var server *serve.Server
	models := catalog.New(catalog.Options{Session: o.session.Runner, Batch: o.batch, Concurrency: o.session.Concurrency, Linger: o.delay, Queue: o.queue,
		MaxPixels: o.decoding.Pixels, Budget: o.budget << 20, AllVersions: o.allVersions, Open: o.open(call.UI),
		Ran: func(model string, rows int64, calls int) { server.Ran(model, rows, calls) }})
	defer models.Close()
	if err := o.add(models); err != nil {
		return err
	}
	server = serve.New(call.UI, models, options)
	if err := o.load(ctx, call.UI, models); err != nil {
		return err
	}
	return server.Run(ctx, func(http, grpc string) {
		scheme := "http"
		if options.TLS != nil {
			scheme = "https"
		}
		text := fmt.Sprintf("%s at %s://%s", strings.Join(ready(models), ", "), scheme, http)
		if grpc != "" {
			text += ", gRPC at " + grpc
		}
		call.Info(text + "; SIGTERM or Ctrl-C ends it")
	})
}

// describer is what asks the chat server of the environment; nil: nothing does.
func (o *serveOptions) describer(call *flags.Call) (*describe.Describer, error) {
	if !o.describes {
		for _, name := range []string{"chat-model", "prompt", "lang"} {
			if call.Given(name) {
				return nil, commandline.Usagef("--%s is of descriptions: it goes with --describe", name)
			}
		}
		return nil, nil
	}
	chat := flags.Chat{Prompt: o.prompt, Options: flags.EnvironmentChat()}
	if err := chat.CheckKey(); err != nil {
		return nil, err
	}
	var err error
	chat.Options.Model = cmp.Or(o.chatModel, chat.Options.Model)
	chat.Options.Language, chat.Options.MaxPixels, chat.Options.Notify = o.lang, o.decoding.Pixels, call.Info
	if chat.Options.Prompt, err = describe.FindPrompt(o.prompt); err != nil {
		return nil, commandline.Usagef("--prompt: %w", err)
	}
	d, err := chat.Open()
	if err == nil {
		chat.TellHost(call.UI, d)
	}
	return d, err
}

// maxPEM bounds the files of TLS.
const maxPEM = 1 << 20

// options checks the flags.
func (o *serveOptions) options() (serve.Options, error) {
	options := serve.Options{HTTP: o.http, GRPC: o.grpc, Version: build.Version(), MaxBody: o.maxBody << 20, MaxBodies: o.maxBodies << 20,
		MaxPixels: o.decoding.Pixels, MaxBatch: o.batch, Timeout: o.timeout, Drain: o.drain, Idle: o.idle}
	for flag, n := range map[string]int64{"max-batch": int64(o.batch), "queue": int64(o.queue), "model-memory": o.budget, "timeout": int64(o.timeout), "drain": int64(o.drain), "idle": int64(o.idle), "max-delay": int64(o.delay)} {
		if n < 0 {
			return options, commandline.Usagef("--%s must not be negative", flag)
		}
	}
	if o.maxBody < 1 || o.maxBody > 2047 || o.maxBodies < o.maxBody {
		return options, commandline.Usagef("--max-body %d and --max-bodies %d: a request has from 1 to 2047 MB, and all together at least as much", o.maxBody, o.maxBodies)
	}
	if o.delay > 0 && o.batch < 2 {
		return options, commandline.Usagef("--max-delay waits for requests that share a run: give --max-batch, too")
	}
	if o.tokenEnv != "" {
		if options.Token = os.Getenv(o.tokenEnv); options.Token == "" {
			return options, commandline.Usagef("--token-env %s: the environment has no such variable, or it is empty", o.tokenEnv)
		}
	}
	if (o.cert == "") != (o.key == "") {
		return options, commandline.Usagef("--tls-cert and --tls-key belong together")
	}
	if o.cert != "" {
		cert, err := regular.ReadFile(o.cert, maxPEM)
		if err != nil {
			return options, fmt.Errorf("--tls-cert: %w", err)
		}
		key, err := regular.ReadFile(o.key, maxPEM)
		if err != nil {
			return options, fmt.Errorf("--tls-key: %w", err)
		}
		pair, err := tls.X509KeyPair(cert, key)
		if err != nil {
			return options, fmt.Errorf("--tls-cert %s, --tls-key %s: %w", o.cert, o.key, err)
		}
		options.TLS = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if options.Public() && !o.insecure {
		switch {
		case options.Token == "":
			return options, commandline.Usagef("other machines can reach this address: give --token-env, so that not everybody is answered, or --insecure")
		case options.TLS == nil:
			return options, commandline.Usagef("other machines can reach this address, and the token would cross the network readable: give --tls-cert and --tls-key, or --insecure where something before the server encrypts")
		}
	}
	return options, nil
}

// open reads a model's files, and tells what is done as they state though it may not be meant.
func (o *serveOptions) open(ui *term.UI) func(context.Context, string) (*models.Model, *dual.Model, error) {
	return func(ctx context.Context, name string) (m *models.Model, both *dual.Model, err error) {
		if dual.Is(name) {
			if both, err = dual.Open(ctx, name, models.Settings{}, o.session.Runner); err == nil {
				m = both.Image
			} else if m, _, _ = dual.Image(name, models.Settings{}); m != nil {
				ui.Warn(fmt.Sprintf("%s embeds images alone: %s", m.Name, remedy.Text(err)))
				err = nil
			}
		} else {
			m, err = flags.OpenModel(name, models.Settings{})
		}
		if err != nil {
			return nil, nil, err
		}
		for _, notice := range remedy.ModelNotices(m) {
			ui.Warn(m.Name + ": " + notice)
		}
		o.session.Check(ctx, ui, m)
		return m, both, nil
	}
}

// add names the models.
func (o *serveOptions) add(to *catalog.Catalog) error {
	named := o.models
	if o.repository != "" {
		entries, err := os.ReadDir(o.repository)
		if err != nil {
			return fmt.Errorf("--repository: %w", err)
		}
		for _, e := range entries {
			path := filepath.Join(o.repository, e.Name())
			if info, err := os.Stat(path); err == nil && info.IsDir() && !strings.HasPrefix(e.Name(), ".") {
				if err := to.Add(e.Name(), path); err != nil {
					return err
				}
			}
		}
		if len(to.Names()) == 0 {
			return fmt.Errorf("--repository %s has no sub-folder: each is a model, with model.onnx and its configuration", o.repository)
		}
	} else if len(named) == 0 {
		named = []string{bundled.Default}
	}
	for _, given := range named {
		name, path, found := strings.Cut(given, "=")
		if !found {
			path = given
			name = strings.TrimSuffix(filepath.Base(filepath.Clean(given)), ".onnx")
			if name == "model" { // every exporter's
				if abs, err := filepath.Abs(given); err == nil {
					name = filepath.Base(filepath.Dir(abs))
				}
			}
		}
		if err := to.Add(name, path); err != nil {
			return commandline.Usagef("-m %s: %w", term.Clean(given), err)
		}
	}
	return nil
}

// ready are the names of the models that answer.
func ready(all *catalog.Catalog) (names []string) {
	for _, name := range all.Names() {
		if len(all.Versions(name)) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// load opens all models. One that can't be opened costs itself, unless it is the only one.
func (o *serveOptions) load(ctx context.Context, ui *term.UI, all *catalog.Catalog) error {
	var failed []error
	for _, name := range all.Names() {
		if err := all.Load(ctx, name); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			failed = append(failed, err)
		}
	}
	if len(failed) == len(all.Names()) {
		return errors.Join(failed...)
	}
	for _, err := range slices.Clip(failed) {
		ui.Warn(remedy.Text(err) + "; the other models answer")
	}
	return nil
}
