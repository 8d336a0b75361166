// Command ortho runs exported vision models.
package main

import (
	"context"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	commandline.KeepClosedPipes()
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	slog.SetDefault(slog.New(&term.LogHandler{W: stderr}))
	app := newApp()
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	tellRemedies(app.Commands)
	return commandline.Run(ctx, app, args)
}

// tellRemedies has the errors of commands say what to do about them.
func tellRemedies(commands []*cli.Command) {
	for _, c := range commands {
		if action := c.Action; action != nil {
			c.Action = func(c *cli.Context) error { return remedy.Of(action(c)) }
		}
		tellRemedies(c.Subcommands)
	}
}

func newApp() *cli.App {
	return commandline.New("ortho", "run exported vision models, without Python",
		newClassifyCommand(),
		newClassifyTextCommand(),
		newEmbedCommand(),
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
	)
}
