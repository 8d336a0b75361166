package flags

import (
	"iter"
	"slices"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
)

// Conversion says which files of rows are read, and where their rows go: to what --output names or,
// without it, the last of several arguments.
type Conversion struct {
	Rows
	From []string // "-": standard input
	Top  int      // classes of a row; 0: all
}

func (v *Conversion) Flags() []cli.Flag {
	const out = "Output"
	rows := Rows{Images: true}
	all := slices.DeleteFunc(rows.Flags(), func(f cli.Flag) bool {
		return slices.Contains([]string{"output", "resume", "retry-failed", "update", "keep-gone", "record"}, f.Names()[0])
	})
	return append(all,
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`, in place of the last argument; - is standard output"},
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Category: out, DefaultText: "all that there are", Usage: "the `N` most probable classes of each image or text"})
}

// split are the arguments, and what is written to.
func (*Conversion) split(c *Call) (from []string, to string) {
	if c.Given("output") || len(c.Args) < 2 {
		return c.Args, c.line.String("output")
	}
	last := len(c.Args) - 1
	return c.Args[:last], c.Args[last]
}

// Files are those of rows.
func (v *Conversion) Files(c *Call) iter.Seq[string] {
	from, _ := v.split(c)
	return slices.Values(from)
}

// Outputs is what is written to.
func (v *Conversion) Outputs(c *Call) []string {
	_, to := v.split(c)
	return []string{to}
}

func (v *Conversion) Read(c *Call) error {
	var to string
	v.From, to = v.split(c)
	if len(v.From) == 0 {
		return commandline.Usagef("name files of rows, such as rows.jsonl, and what to write, such as rows.xlsx")
	}
	if to != "" && !c.Given("output") {
		if err := c.line.Set("output", to); err != nil {
			return err
		}
	}
	if n := len(slices.DeleteFunc(slices.Clone(v.From), func(name string) bool { return name != "-" })); n > 1 {
		return commandline.Usagef("standard input (-) can be read once")
	}
	v.Own = []string{"coco"} // of boxes
	if err := v.Rows.Read(c); err != nil {
		return err
	}
	v.Top = c.line.Int("top")
	if c.Given("top") && v.Top < 1 {
		return commandline.Usagef("--top %d: at least 1", v.Top)
	}
	return nil
}

// Overwrite reports whether a file that is there is replaced.
func (v *Conversion) Overwrite() bool { return v.Mode == record.Overwrite }
