// Command ortho runs exported vision models.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/term"
)

func main() {
	commandline.WithoutWorkingFolder(term.Safe(os.Stderr))
	ends := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) { // as nohup has it
		ends = append(ends, syscall.SIGHUP)
	}
	ctx, stop := signal.NotifyContext(context.Background(), ends...)
	// A second signal ends the process at once.
	context.AfterFunc(ctx, stop)
	commandline.KeepClosedPipes()
	os.Exit(run(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	app := newApp()
	app.Reader, app.Writer, app.ErrWriter = stdin, stdout, stderr
	return commandline.Run(ctx, app, args)
}

func newApp() *cli.App {
	return commandline.New("ortho", "run exported vision models, without Python", help("ortho"),
		newClassifyCommand(),
		newClassifyTextCommand(),
		newEmbedCommand(),
		newTagCommand(),
		newDetectCommand(),
		newSegmentCommand(),
		newDepthCommand(),
		newCutoutCommand(),
		newSortCommand(),
		newSearchCommand(),
		newDupesCommand(),
		newGenerateCommand(),
		newDescribeCommand(),
		newImagineCommand(),
		newServeCommand(),
		newConvertCommand(),
		newPlanCommand(),
		newGatherCommand(),
		newSchemaCommand(),
		newEvalCommand(),
		newBenchCommand(),
		newCompareCommand(),
		newRunArraysCommand(),
		newModelsCommand(),
		newPullCommand(),
		newInspectCommand(),
		newPreprocessCommand(),
		newRuntimeCommand(),
		newDoctorCommand(),
		newTryProvidersCommand(),
		newConfigCommand(),
		newVersionCommand(),
		newLicensesCommand(),
		newCompletionCommand(),
		newCompleteCommand(newApp),
		newDocsCommand(newApp),
	)
}
