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
func New(name, usage string, commands ...*cli.Command) *cli.App {
	return &cli.App{
		Name:                      name,
		Usage:                     usage,
		UsageText:                 name + " COMMAND [flags] [arguments]",
		Description:               "`" + name + " COMMAND --help` shows a command's flags; they may stand before or after its arguments.\n\n" + exitHelp,
		HideVersion:               true,
		HideHelpCommand:           true,
		DisableSliceFlagSeparator: true,
		ExitErrHandler:            func(*cli.Context, error) {}, // exitStatus maps errors to exit codes
		OnUsageError:              onUsageError,
		Action:                    func(c *cli.Context) error { return cli.ShowAppHelp(c) },
		Commands:                  configure(commands),
	}
}

// Run carries out a command line, args[0] being the program's name, writes errors to
// the app's ErrWriter, and returns the exit code. Nothing that is written can act on a terminal.
func Run(ctx context.Context, app *cli.App, args []string) int {
	var lost loss
	app.Writer, app.ErrWriter = term.Safe(lost.of(app.Writer)), term.Safe(app.ErrWriter)
	line, err := arrange(app, args)
	if err == nil {
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
	return Usagef("%s", strings.TrimSuffix(text, ": parse error"))
}
