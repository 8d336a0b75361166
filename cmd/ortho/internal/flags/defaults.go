package flags

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/defaults"
	"ortho/cmd/ortho/internal/record"
	"ortho/models"
	"ortho/models/diffusion"
)

// judge is a Group that tells whether a default suits the call, such as a model what is asked of it. One
// that does not is passed over, and that is told.
type judge interface {
	Suits(c *Call, flag, value string) bool
}

// unlike are flags that mean, in some commands, another thing than elsewhere: what is set for all commands is
// not meant for them.
var unlike = map[string][]string{"concurrency": {"describe"}, "batch": {"compare"}}

// Commands are the names of all commands of a program that may have defaults, as they are typed behind its
// name.
func Commands(commands []*cli.Command, above string) (names []string) {
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		name := strings.TrimSpace(above + " " + c.Name)
		if c.Action != nil {
			names = append(names, name)
		}
		names = append(names, Commands(c.Subcommands, name)...)
	}
	return names
}

// Defaults reads what the user has set for all runs.
func (c *Call) Defaults() (*defaults.Set, error) {
	return defaults.Read(os.Environ(), Commands(c.line.App.Commands, ""))
}

// applyDefaults gives the flags that neither the command line nor --settings has set the values that the user has
// set for all runs, where they suit the command, and says so in a line.
func applyDefaults(c *Call, groups []Group) error {
	if c.line.Command.Hidden || !slices.ContainsFunc(defaults.Flags(), c.has) {
		return nil
	}
	set, err := c.Defaults()
	if err != nil {
		return err
	}
	c.config = set.File
	for _, notice := range set.Notices {
		c.Warn(notice)
	}
	name := strings.TrimPrefix(c.Typed(), c.line.App.Name+" ")
	var told, passed []string
	chosen := c.Given("provider") // by a flag, or --settings
	for _, flag := range defaults.Flags() {
		d, ok := set.Of(name, flag)
		if !ok || !c.has(flag) || c.Given(flag) || d.Command == "" && c.unlike(name, flag) {
			continue
		}
		if flag == "provider-option" && (chosen || !c.has("provider")) || flag == "onnxruntime" && (chosen || os.Getenv("ORTHO_ONNXRUNTIME") != "") {
			continue // they belong to the provider that they were set with
		}
		value := strings.Join(d.Values, " ")
		if !suits(c, groups, flag, value) {
			passed = append(passed, fmt.Sprintf("%s %s (%s)", flag, value, d.Source()))
			continue
		}
		for _, v := range d.Values {
			if err := c.line.Set(flag, v); err != nil {
				return commandline.Usagef("%s sets --%s to %q, which it can't be: %w", d.From, flag, v, err)
			}
		}
		c.byDefault = append(c.byDefault, record.Setting{Key: flag, Value: fmt.Sprintf("%s (%s)", value, d.Source())})
		if flag != "progress" { // which changes nothing
			told = append(told, fmt.Sprintf("%s %s (%s)", flag, value, d.Source()))
		}
	}
	if len(told) > 0 {
		c.Info("by default: " + strings.Join(told, ", "))
	}
	if len(passed) > 0 {
		c.Info("passed over, since it is not for this: " + strings.Join(passed, ", "))
	}
	return nil
}

// unlike reports whether a command's flag is another than that of the same name elsewhere: a list, where
// others take one value, is of what is measured.
func (c *Call) unlike(command, flag string) bool {
	_, list := commandline.FindFlag(c.line.Command.Flags, flag).(*cli.StringFlag)
	return slices.Contains(unlike[flag], command) || list && slices.Contains([]string{"threads", "batch", "concurrency"}, flag)
}

func suits(c *Call, groups []Group, flag, value string) bool {
	for _, g := range groups {
		if j, ok := g.(judge); ok && !j.Suits(c, flag, value) {
			return false
		}
	}
	return true
}

// IsFor reports whether a model is for a task, as far as its files tell: of one that can't be opened that
// is not known, and whoever runs it will say why.
func IsFor(name string, task models.Task) bool {
	if diffusion.IsFolder(name) {
		return task == models.Generate
	}
	m, err := OpenModel(name, models.Settings{})
	return err != nil || m.Task == task
}
