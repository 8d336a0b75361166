package convert

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/cmd/ortho/internal/where"
)

// To says how rows are written.
type To struct {
	Format  string
	Width   int    // of the terminal; 0: it is none
	Classes int    // of a row at most; 0: all that it has
	Where   string // which rows are kept; "": all
	Choices output.Choices
	// Create opens what is written to, once it is known that the rows can be read and written.
	Create func() (io.Writer, error)
}

// Made is what was written.
type Made struct {
	Rows, Failed int64 // rows, and those among them that say why there is no result
	Damaged      int64 // rows that could not be read, and are left out
	LeftOut      int64 // rows that To.Where leaves out
}

// conversion is one run.
type conversion struct {
	to     To
	inputs []*Input
	inTurn bool
	warn   func(string)

	made Made
	lost map[string]int64
}

// Run writes the rows of all inputs. Those that are damaged are left out, which warn tells, as it
// does what the format has no place for.
func Run(ctx context.Context, inputs []*Input, to To, warn func(string)) (Made, error) {
	c := &conversion{to: to, inputs: slices.Clone(inputs), warn: warn, lost: map[string]int64{}}
	k, err := told(inputs, warn)
	if err != nil {
		return c.made, err
	}
	if c.inTurn, err = arrange(c.inputs, warn); err != nil {
		return c.made, err
	}
	err = k.run(ctx, c)
	return c.made, err
}

// run writes rows of one kind.
func run[R fitting[R]](ctx context.Context, c *conversion, codec *output.Codec[R]) error {
	var keeps *where.Rows[R]
	if c.to.Where != "" {
		var err error
		if keeps, err = where.Over(codec, c.to.Where); err != nil {
			return err
		}
		defer keeps.Tell(c.warn)
	}
	if err := codec.Takes(c.to.Format); err != nil {
		return err
	}
	if c.to.Choices.Lists = c.to.Classes; c.to.Classes == 0 {
		most, err := most(ctx, c, codec)
		if err != nil {
			return err
		}
		c.to.Choices.Lists = max(most, 1)
	}
	codec = codec.With(c.to.Choices)
	if err := codec.Takes(c.to.Format); err != nil {
		return err
	}
	to, err := c.to.Create()
	if err != nil {
		return err
	}
	buffer := bufio.NewWriterSize(to, 1<<18)
	if err := write(ctx, c, codec, keeps, buffer); err != nil {
		return err
	}
	for _, what := range slices.Sorted(maps.Keys(c.lost)) {
		c.warn(fmt.Sprintf("%s has no place for %s: left out of %s", c.to.Format, what, term.Counted(c.lost[what], "row")))
	}
	return buffer.Flush()
}

func write[R fitting[R]](ctx context.Context, c *conversion, codec *output.Codec[R], keeps *where.Rows[R], to io.Writer) error {
	w, err := codec.Writer(c.to.Format, to, c.to.Width)
	if err != nil {
		return err
	}
	defer output.Abandon(w) // unless it is closed
	for row, err := range joined(c, codec) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		if keeps != nil && !keeps.Keeps(row) {
			c.made.LeftOut++
			continue
		}
		row, lost := row.Fit(c.to.Format, c.to.Classes)
		if lost != "" {
			c.lost[lost]++
		}
		if err := w.Write(row); err != nil {
			return fmt.Errorf("write the row of %s: %w", term.UTF8(row.Name()), err)
		}
		c.made.Rows++
		if row.Failed() != nil {
			c.made.Failed++
		}
	}
	return w.Close()
}

// most is how many classes a row has, where a format has columns for them.
func most[R fitting[R]](ctx context.Context, c *conversion, codec *output.Codec[R]) (n int, err error) {
	if codec.Wide == nil || c.to.Format != "xlsx" && !isWide(c.to.Format) {
		return 0, nil
	}
	for _, in := range c.inputs {
		for row, err := range codec.Read(in.Format, in.file, in.size) {
			if ctx.Err() != nil {
				return 0, ctx.Err()
			}
			if err == nil {
				n = max(n, row.Classes())
			}
		}
	}
	return n, nil
}

func isWide(format string) bool { return format == "wide" || format == output.Escaped("wide") }

// joined yields the rows of all inputs, in the order of the images.
func joined[R output.Row](c *conversion, codec *output.Codec[R]) iter.Seq2[R, error] {
	var all []iter.Seq2[R, error]
	for _, in := range c.inputs {
		all = append(all, whole(c, codec, in))
	}
	rows := afterEach(all)
	if c.inTurn {
		rows = inTurn(all)
	}
	return func(yield func(R, error) bool) {
		for row, err := range rows {
			if errors.Is(err, errAbsent) { // which has kept its turn
				continue
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// errAbsent is of a row that is damaged, or that --where has left out.
var errAbsent = errors.New("the row is not there")

// whole yields the rows of an input, those that are not there among them, and at its end says how many are
// damaged. Where all are, that is an error.
func whole[R output.Row](c *conversion, codec *output.Codec[R], in *Input) iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		var none R
		var read, damaged, left int64
		var first error
		for row, err := range codec.Read(in.Format, in.file, in.size) {
			for in.leftOut(read + damaged + left) {
				if left++; !yield(none, errAbsent) {
					return
				}
			}
			if err == nil {
				read++
			} else {
				if damaged++; first == nil {
					first = err
				}
				row, err = none, errAbsent
			}
			if !yield(row, err) {
				return
			}
		}
		c.made.Damaged += damaged
		switch {
		case read == 0 && first != nil:
			yield(none, fmt.Errorf("%s: %w", in.Name, first))
			return
		case damaged > 0:
			c.warn(fmt.Sprintf("%s: %s damaged, and left out: %v", in.Name, areCounted(damaged), first))
		}
		if in.record == nil {
			return
		}
		if there := in.record.Rows - in.record.LeftOut.Count; read+damaged != there {
			c.warn(fmt.Sprintf("%s has %s, and its run.json tells of %d: it was changed since, or is cut off", in.Name, term.Counted(read+damaged, "row"), there))
		}
	}
}

// leftOut reports whether --where has left out the row at a place.
func (in *Input) leftOut(at int64) bool { return in.record != nil && in.record.LeftOut.Has(at) }

func areCounted(n int64) string {
	if n == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", n)
}
