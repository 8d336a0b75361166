package flags

import (
	"iter"
	"slices"

	"github.com/urfave/cli/v2"
)

// IndexFile is the first argument, rows of ortho embed, and the queries behind it, which may be files.
type IndexFile struct{}

func (IndexFile) Flags() []cli.Flag { return nil }

func (IndexFile) Read(*Call) error { return nil }

// Files yields the index with its record, and the queries.
func (IndexFile) Files(c *Call) iter.Seq[string] {
	if len(c.Args) == 0 {
		return NoFiles
	}
	index := c.Args[0]
	return slices.Values(append([]string{index, index + ".run.json"}, c.Args[1:]...))
}
