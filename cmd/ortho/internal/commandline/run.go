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
	lost := newLoss(ctx)
	app.Writer, app.ErrWriter = term.Safe(lost.of(app.Writer)), term.Safe(newLoss(ctx).of(app.ErrWriter))
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
func onUsageError(c *cli.Context, err error, _ bool) error {
	text := strings.TrimSuffix(strings.Replace(err.Error(), "for flag -", "for flag --", 1), ": parse error")
	_, name, _ := strings.Cut(text, "for flag --")
	wants := ""
	switch FindFlag(c.Command.Flags, strings.TrimSpace(name)).(type) {
	case *cli.IntFlag, *cli.Int64Flag:
		wants = ": a whole number"
	case *cli.Uint64Flag, *cli.UintFlag:
		wants = ": a whole number from 0 to 18446744073709551615"
	case *cli.Float64Flag:
		wants = ": a number, such as 0.5"
	case *cli.DurationFlag:
		wants = ": a time, such as 90s or 5m"
	case *cli.BoolFlag:
		wants = ": true or false, or nothing"
	}
	return Usagef("%s%s", text, wants)
}
