package flags

import (
	"context"
	"iter"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
	"ortho/runner/bench"
)

// Call is one call of a command: its arguments, and its input and output.
type Call struct {
	*term.UI
	Args []string
	// Reads opens outputs, and refuses those that would replace what the command reads.
	Reads *output.Reads

	outlives  bool            // a signal ends the inputs, and what there are of them is completed
	saved     bench.Settings  // of --settings, if it was given
	byDefault record.Settings // flags that the user has set for all runs, with their sources
	config    string          // the file in which they may be; "": none
	line      *cli.Context
}

// Given reports whether a flag stands in the command line or got its value from --settings: what the
// user has set for all runs takes the place of the flag's own default.
func (c *Call) Given(flag string) bool { return c.line.IsSet(flag) && c.byDefault.Get(flag) == "" }

// Command is the command's name, without those that it stands below.
func (c *Call) Command() string { return c.line.Command.Name }

// Typed is the command as it is typed, such as "ortho bench run".
func (c *Call) Typed() string { return c.line.Command.HelpName }

// has reports whether the command has a flag.
func (c *Call) has(flag string) bool { return commandline.FindFlag(c.line.Command.Flags, flag) != nil }

// Group is flags that belong together.
type Group interface {
	// Flags are their definitions, in the order in which they are shown.
	Flags() []cli.Flag
	// Read takes their values, and refuses those that can't be.
	Read(*Call) error
}

// argumentFiles is a Group by which arguments name files: Files yields those that are read.
type argumentFiles interface {
	Files(*Call) iter.Seq[string]
}

// otherOutputs is a Group whose outputs have other names than its flags' values: it lists them.
type otherOutputs interface {
	Outputs(*Call) []string
}

// Own is a group of a command's own flags, each of which writes to its Destination; what
// they mean is checked by the command.
type Own []cli.Flag

func (o Own) Flags() []cli.Flag { return o }

func (Own) Read(*Call) error { return nil }

// Command completes a command: its flags are those of the groups, in that order. When it is
// called, it first refuses outputs that would replace what is read; then it reads all groups,
// and runs. The error says what to do about it.
func Command(about cli.Command, run func(context.Context, *Call) error, groups ...Group) *cli.Command {
	for _, g := range groups {
		about.Flags = append(about.Flags, g.Flags()...)
	}
	about.Action = func(line *cli.Context) error {
		call := &Call{
			UI:   &term.UI{In: line.App.Reader, Out: line.App.Writer, Err: line.App.ErrWriter},
			Args: line.Args().Slice(),
			line: line,
		}
		return remedy.Of(meantProvider(call.carryOut(run, groups)))
	}
	return &about
}

// carryOut reads the groups of a call, and runs it.
func (c *Call) carryOut(run func(context.Context, *Call) error, groups []Group) error {
	// Files that flags name may be pipes, which may be silent.
	_, err := runner.Await(c.line.Context, func(context.Context) (none struct{}, err error) { return none, c.read(groups) })
	if err != nil {
		return err
	}
	ctx := c.line.Context
	if c.outlives {
		ctx = context.WithoutCancel(ctx)
	}
	return run(ctx, c)
}

func (c *Call) read(groups []Group) error {
	if err := applySettings(c); err != nil {
		return err
	}
	if err := applyDefaults(c, groups); err != nil {
		return err
	}
	if err := c.checkHome(); err != nil {
		return err
	}
	source.Connect(store.New(store.Options{Offline: c.line.Bool("offline"), Insecure: c.line.Bool("insecure"), Tell: c.Warn}))
	if err := c.fetchModels(); err != nil {
		return err
	}
	if err := c.protect(groups); err != nil {
		return err
	}
	for _, g := range groups {
		if err := g.Read(c); err != nil {
			return err
		}
	}
	return nil
}

// Fits refuses, for a flag, a file whose name says another format than it is written in.
func Fits(flag, name string, kind output.Kind) error {
	if name == "" || name == "-" {
		return nil
	}
	if err := kind.Fits(name); err != nil {
		return commandline.Usagef("--%s %w", flag, err)
	}
	return nil
}

// values are those of a flag of texts, its default among them; none where the command has no
// such flag.
func (c *Call) values(flag string) (values []string) {
	switch commandline.FindFlag(c.line.Command.Flags, flag).(type) {
	case *cli.StringFlag:
		values = []string{c.line.String(flag)}
	case *Repeated:
		values = c.Repeated(flag)
	}
	return slices.DeleteFunc(values, func(v string) bool { return v == "" })
}
