// Command ortho runs exported vision models.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"ortho/cmd/ortho/internal/term"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	keepClosedPipes()
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	slog.SetDefault(slog.New(&term.LogHandler{W: stderr}))
	app := newApp()
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	line, err := arrange(app, args)
	if err == nil {
		err = app.RunContext(ctx, line.args)
	}
	return exitStatus(ctx, err, line.command, stderr)
}

func newApp() *cli.App {
	return &cli.App{
		Name:                      "ortho",
		Usage:                     "run exported vision models, without Python",
		UsageText:                 "ortho COMMAND [flags] [arguments]",
		Description:               "`ortho COMMAND --help` shows a command's flags; they may stand before or after its arguments.\n\n" + exitHelp,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // exitStatus maps errors to exit codes
		OnUsageError:              onUsageError,
		Action:                    func(c *cli.Context) error { return cli.ShowAppHelp(c) },
		Commands: configure([]*cli.Command{
			newClassifyCommand(),
			newClassifyTextCommand(),
			newGenerateCommand(),
			newDescribeCommand(),
			newImagineCommand(),
			newEvalCommand(),
			newBenchCommand(),
			newCompareCommand(),
			newRunArraysCommand(),
			newModelsCommand(),
			newInspectCommand(),
			newPreprocessCommand(),
			newRuntimeCommand(),
			newDoctorCommand(),
			newTryProvidersCommand(),
			newVersionCommand(),
			newCompletionCommand(),
			newCompleteCommand(),
			newDocsCommand(),
		}),
	}
}

// configure gives every command what all have in common. A group of commands
// without one named shows its help.
func configure(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelpCommand = true // or a file called "help" could not be an argument
		for _, f := range c.Flags {
			if b, ok := f.(*cli.BoolFlag); ok {
				b.DisableDefaultText = true
			}
		}
		if c.Action == nil {
			c.Action = cli.ShowSubcommandHelp
		}
		configure(c.Subcommands)
	}
	return commands
}

// onUsageError keeps cli from printing the whole help to stdout.
func onUsageError(_ *cli.Context, err error, _ bool) error {
	text := strings.Replace(err.Error(), "for flag -", "for flag --", 1)
	if strings.Contains(text, "for flag --seed") {
		text = strings.TrimSuffix(text, ": parse error") + ": a whole number from 0 to 18446744073709551615"
	}
	return usagef("%s", strings.TrimSuffix(text, ": parse error"))
}
