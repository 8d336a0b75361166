// Command ortho runs exported vision models.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// Exit codes; the app's help lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitItems       = 3
	exitInterrupted = 130
)

// usageError is a command line that can't be carried out as it was written.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errItems ends a run that finished, but in which some items failed.
var errItems = errors.New("some items failed")

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	slog.SetDefault(slog.New(&logHandler{w: stderr}))
	app := newApp()
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	err := app.RunContext(ctx, reorder(app, args))
	var usage usageError
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE):
		return exitOK
	case errors.Is(err, errItems):
		return exitItems
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "ortho: %v\nSee `ortho help` or `ortho COMMAND --help`.\n", err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "ortho: %v\n", err)
	return exitFailed
}

func newApp() *cli.App {
	return &cli.App{
		Name:  "ortho",
		Usage: "run exported vision models, without Python",
		Description: "Exit codes: 0 all well, 1 could not do it, 2 usage, 3 finished but some items failed\n" +
			"(each with its reason in the output), 130 interrupted (what was finished is kept).",
		HideVersion:               true,
		EnableBashCompletion:      true,
		DisableSliceFlagSeparator: true,
		Suggest:                   true,
		ExitErrHandler:            func(*cli.Context, error) {}, // run maps errors to exit codes
		OnUsageError:              onUsageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usagef("no command %q; did you mean %q?", c.Args().First(), cli.SuggestCommand(c.App.Commands, c.Args().First()))
			}
			return cli.ShowAppHelp(c)
		},
		Commands: withUsageErrors([]*cli.Command{
			newClassifyCommand(),
			newModelsCommand(),
			newInspectCommand(),
			newPreprocessCommand(),
			newRuntimeCommand(),
			newVersionCommand(),
			newCompletionCommand(),
			newDocsCommand(),
		}),
	}
}

func onUsageError(_ *cli.Context, err error, _ bool) error { return usageError{err} }

// withUsageErrors makes every command report a wrong flag as we do, rather than
// by printing its help to stdout.
func withUsageErrors(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		withUsageErrors(c.Subcommands)
	}
	return commands
}

// logHandler prints notices for people: "ortho: warning: ...".
type logHandler struct{ w io.Writer }

func (h *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}
func (h *logHandler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h *logHandler) WithGroup(string) slog.Handler      { return h }

func (h *logHandler) Handle(_ context.Context, r slog.Record) error {
	prefix := "ortho: "
	if r.Level >= slog.LevelWarn {
		prefix += "warning: "
	}
	text := prefix + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	_, err := fmt.Fprintln(h.w, text)
	return err
}
