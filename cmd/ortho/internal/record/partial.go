package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sync"

	"ortho/cmd/ortho/internal/output"
)

// partial is OUT.partial: a row of JSONL for each input, in order. Behind them, or
// between them, may stand rows with a position: each takes the place of the row there,
// which has failed, or of which something was lost. In memory are two bits for each row and
// the offsets of rows that were replaced.
//
// One goroutine writes while another may read rows.
type partial[R output.Row] struct {
	file *os.File // under its lock
	name string
	line bytes.Buffer
	gone func(R) bool // while it is scanned; nil: no row is lost

	mutex    sync.Mutex // guards what follows
	size     int64      // of all whole lines
	rows     int64      // that stand for an input each
	failed   bits       // by position
	lost     bits       // of what was scanned, by position
	replaced map[int64]int64
}

func newPartial[R output.Row](file *os.File, name string) *partial[R] {
	return &partial[R]{file: file, name: name, replaced: map[int64]int64{}}
}

// scan reads all lines. A last line that a crash cut short is removed; any other that
// is no row is an error.
func (p *partial[R]) scan(ctx context.Context) error {
	lines := output.NewLines(io.NewSectionReader(p.file, 0, 1<<62), output.MaxRow)
	var bad error
	for n := 1; ; n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text, offset, err := lines.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && bad == nil {
			break
		}
		if bad != nil {
			return bad
		}
		var row R
		var position int64
		if err == nil {
			row, position, err = output.DecodeLine[R](text)
		} else if !errors.Is(err, output.ErrLongLine) {
			return fmt.Errorf("read %s: %w", p.name, err)
		}
		if err == nil && position != output.Next && p.gone == nil && !p.failed.get(position) {
			err = fmt.Errorf("it replaces the row of position %d, which has not failed", position)
		}
		if err == nil {
			err = p.add(row, position, offset)
		}
		if err != nil {
			bad = fmt.Errorf("%s, line %d: %w; it was changed, or the disk has lost it: move it away, or --overwrite starts anew", p.name, n, err)
			continue
		}
		p.size = offset + int64(len(text)) + 1
	}
	if err := p.file.Truncate(p.size); err != nil {
		return fmt.Errorf("repair the end of %s: %w", p.name, err)
	}
	return nil
}

// add counts a row that stands at an offset.
func (p *partial[R]) add(row R, position, offset int64) error {
	switch {
	case position == output.Next:
		position = p.rows
		p.rows++
	case position >= p.rows:
		return fmt.Errorf("it replaces the row of position %d, which is not there", position)
	default:
		p.replaced[position] = offset
	}
	p.failed.set(position, row.Failed() != nil)
	p.lost.set(position, p.gone != nil && row.Failed() == nil && p.gone(row))
	return nil
}

// append writes a row with one call, so that a crash tears no more than the last.
func (p *partial[R]) append(row R, position int64) error {
	line, err := output.EncodeLine(&p.line, row, position)
	if err == nil && len(line) > output.MaxRow {
		err = fmt.Errorf("the row of %s has %d bytes; %d are the most that can be read back", row.Name(), len(line), output.MaxRow)
	}
	if err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if _, err := p.file.WriteAt(line, p.size); err != nil {
		p.file.Truncate(p.size) // the next scan would do it, too
		return err
	}
	if err := p.add(row, position, p.size); err != nil {
		return err
	}
	p.size += int64(len(line))
	return nil
}

// all yields the rows in the order of their inputs, each as it stands now.
func (p *partial[R]) all() iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		p.mutex.Lock()
		size := p.size
		p.mutex.Unlock()
		lines := output.NewLines(io.NewSectionReader(p.file, 0, size), output.MaxRow)
		for next := int64(0); ; {
			text, _, err := lines.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			row, position, err := decode[R](text, err)
			if err == nil && position != output.Next {
				continue
			}
			if err == nil {
				row, err = p.current(row, next, size)
			}
			if err != nil {
				var none R
				yield(none, fmt.Errorf("read %s again: %w", p.name, err))
				return
			}
			if !yield(row, nil) {
				return
			}
			next++
		}
	}
}

// current is the row that stands for a position within the first size bytes.
func (p *partial[R]) current(row R, position, size int64) (R, error) {
	p.mutex.Lock()
	offset, ok := p.replaced[position]
	p.mutex.Unlock()
	if !ok || offset >= size {
		return row, nil
	}
	text, _, err := output.NewLines(io.NewSectionReader(p.file, offset, size-offset), output.MaxRow).Next()
	row, at, err := decode[R](text, err)
	if err == nil && at != position {
		err = fmt.Errorf("the row of position %d is not where it was", position)
	}
	return row, err
}

func decode[R output.Row](text []byte, err error) (R, int64, error) {
	if err != nil {
		var none R
		return none, output.Next, err
	}
	return output.DecodeLine[R](text)
}

func (p *partial[R]) counts() (rows, failed int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.rows, p.failed.count
}

// state reports whether the row at a position failed, and whether it is to be made again.
func (p *partial[R]) state(position int64) (failed, lost bool) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.failed.get(position), p.lost.get(position)
}

// bits is a set of positions.
type bits struct {
	words []uint64
	count int64
}

func (b *bits) get(i int64) bool {
	return i/64 < int64(len(b.words)) && b.words[i/64]>>(i%64)&1 != 0
}

func (b *bits) set(i int64, on bool) {
	if b.get(i) == on {
		return
	}
	for i/64 >= int64(len(b.words)) {
		b.words = append(b.words, 0)
	}
	b.words[i/64] ^= 1 << (i % 64)
	b.count++
	if !on {
		b.count -= 2
	}
}
