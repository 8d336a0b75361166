package flags

import (
	"flag"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
)

// Repeated is a flag that may be given several times. Its values are what was typed, byte for byte: [cli.StringSlice]
// takes spaces off them, and has them go through JSON where a flag has two names, which keeps UTF-8 alone.
type Repeated struct {
	cli.StringSliceFlag           // its names and its help
	Values              *[]string // nil: only [Call.Repeated] asks for them
}

// Apply has the values go to Values.
func (r *Repeated) Apply(set *flag.FlagSet) error {
	if r.Values == nil {
		r.Values = new([]string)
	}
	*r.Values = nil
	for _, name := range r.Names() {
		set.Var((*typed)(r.Values), name, r.Usage)
	}
	return nil
}

// Repeated are the values of such a flag; none where the command has none.
func (c *Call) Repeated(name string) []string {
	if r, ok := commandline.FindFlag(c.line.Command.Flags, name).(*Repeated); ok && r.Values != nil {
		return *r.Values
	}
	return nil
}

// typed are values as they come.
type typed []string

// copied ends the text by which cli gives the values of one of a flag's names to its others, which are the same
// here. No word of a command line holds it.
const copied = "\x00"

func (t *typed) Set(value string) error {
	if !strings.HasSuffix(value, copied) {
		*t = append(*t, value)
	}
	return nil
}

// Get is for [cli.Context.Value].
func (t *typed) Get() any { return []string(*t) }

func (t *typed) String() string { return strings.Join(*t, copied) + copied }
