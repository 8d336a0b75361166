package commandline

import (
	"cmp"
	"context"
	"errors"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/term"
)

// New returns the program of some commands, without the habits of cli that would print
// or end it where [Run] should.
func New(name, usage, about string, commands ...*cli.Command) *cli.App {
	return &cli.App{
		Name:                      name,
		Usage:                     usage,
		Description:               about + "\n\n" + exitHelp,
		HideVersion:               true,
		HideHelp:                  true, // [Run] writes it
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // exitStatus maps errors to exit codes
		OnUsageError:              onUsageError,
		Commands:                  configure(commands),
	}
}

// Run carries out a command line, args[0] being the program's name, writes errors to
// the app's ErrWriter, and returns the exit code. Nothing that is written can act on a terminal.
func Run(ctx context.Context, app *cli.App, args []string) int {
	var lost loss
	app.Writer, app.ErrWriter = term.Safe(lost.of(app.Writer)), term.Safe(app.ErrWriter)
	line, err := arrange(app, args)
	switch {
	case err != nil:
	case line.help != noHelp && line.subject == nil:
		err = writeHelp(app.Writer, appPage(app), line.help)
	case line.help != noHelp:
		err = writeHelp(app.Writer, pageOf(strings.TrimSuffix(line.command, " "+line.subject.Name), line.subject), line.help)
	default:
		err = app.RunContext(ctx, line.args)
	}
	if t, ok := app.Writer.(*term.Terminal); ok {
		t.Flush() // what is lost, lost knows
	}
	if err == nil || errors.Is(err, ErrItems) || errors.Is(err, ErrVerdict) {
		err = cmp.Or(lost.err(), err)
	}
	return exitStatus(ctx, err, line.command, app.ErrWriter)
}

// configure gives every command what all have in common.
func configure(commands []*cli.Command) []*cli.Command {
	for _, c := range commands {
		c.OnUsageError = onUsageError
		c.HideHelp, c.HideHelpCommand = true, true // or a file called "help" could not be an argument
		for _, f := range c.Flags {
			if b, ok := f.(*cli.BoolFlag); ok {
				b.DisableDefaultText = true
			}
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
	return Usagef("%s", strings.TrimSuffix(text, ": parse error"))
}
