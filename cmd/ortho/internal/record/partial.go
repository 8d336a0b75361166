package record

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"sync"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// partial is OUT.partial: a line for the row of each input, in order; see [seal]. Behind them, or
// between them, may stand rows of positions that have one already: each takes the place of the row
// there, which has failed, or of which something was lost. Lines that are damaged may stand anywhere:
// their rows are made again. In memory are three bits for each row and the offsets of rows that were
// replaced.
//
// One goroutine writes while another may read rows.
type partial[R output.Row] struct {
	file *os.File // under its lock
	name string
	line bytes.Buffer
	full []byte       // a line with position and checksum
	gone func(R) bool // while it is scanned; nil: no row is lost
	// added, if not nil, gets each row that is found or written, and where it stands.
	added func(row R, stamp source.Stamp, offset int64)
	old   int64  // lines at the beginning that may be without checksums
	bad   damage // found by scan

	mutex    sync.Mutex // guards what follows
	size     int64      // of all lines up to the last that is whole
	rows     int64      // that stand for an input each
	failed   bits       // by position
	lost     bits       // of what was scanned, by position: something that the row names, or the row itself
	absent   bits       // of those, the rows themselves
	replaced map[int64]int64
}

// damage counts rows that were not as they were written.
type damage struct {
	rows  int64
	first int64 // line
}

func newPartial[R output.Row](file *os.File, name string) *partial[R] {
	return &partial[R]{file: file, name: name, replaced: map[int64]int64{}}
}

// allOld has every line be one that may be without a checksum.
const allOld = math.MaxInt64

// scan reads all lines, of which the first old may be without checksums; allOld becomes their
// number. A last line that a crash cut short is removed, and so are damaged ones at the end. Among
// lines without checksums any other that is no row is an error.
func (p *partial[R]) scan(ctx context.Context, old int64) error {
	p.old = old
	info, err := p.file.Stat()
	if err != nil {
		return fmt.Errorf("read %s: %w", p.name, err)
	}
	lines := output.NewLines(io.NewSectionReader(p.file, 0, 1<<62), output.MaxRow)
	var refused error     // unless nothing but more of it follows
	var whole, tail int64 // the last line that is; damaged ones since the last that was of a row behind all others
	for n := int64(1); ; n++ {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		text, offset, err := lines.Next()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil && !errors.Is(err, output.ErrLongLine) {
			return fmt.Errorf("read %s: %w", p.name, err)
		}
		length := int64(len(text))
		row, l, err := p.decode(text, n, err)
		if errors.Is(err, errDamaged) && n > old {
			if tail++; p.bad.first == 0 {
				p.bad.first = n
			}
			continue
		}
		if refused != nil {
			return refused
		}
		rows := p.rows
		if err == nil {
			err = p.take(row, l, offset, info.Size(), n <= old)
		}
		if err != nil {
			refused = fmt.Errorf("%s, line %d: %w; it was changed, or the disk has lost it: move it away, or --overwrite starts anew", p.name, n, err)
			if n > old {
				return refused
			}
			continue
		}
		if p.size, whole = offset+length+1, n; p.rows > rows {
			tail = 0
		}
	}
	if err := p.file.Truncate(p.size); err != nil {
		return fmt.Errorf("repair the end of %s: %w", p.name, err)
	}
	p.old = min(old, whole)
	p.bad.rows = p.absent.count + tail
	return nil
}

// take adds a row that was scanned in a file of so many bytes.
func (p *partial[R]) take(row R, l unsealed, offset, size int64, old bool) error {
	switch position := l.position; {
	case old && position != next && p.gone == nil && !p.failed.get(position):
		return fmt.Errorf("it replaces the row of position %d, which has not failed", position)
	case old && position >= p.rows:
		return fmt.Errorf("it replaces the row of position %d, which is not there", position)
	case position > p.rows+size: // more than can have been there
		return fmt.Errorf("it is of position %d, and there are %d rows before it", position, p.rows)
	}
	p.add(row, l.stamp, l.position, offset)
	return nil
}

// add counts a row that stands at an offset.
func (p *partial[R]) add(row R, stamp source.Stamp, position, offset int64) {
	if p.added != nil {
		p.added(row, stamp, offset)
	}
	if position == next {
		position = p.rows
	}
	if position < p.rows {
		p.replaced[position] = offset
	}
	for ; p.rows < position; p.rows++ {
		p.absent.set(p.rows, true)
		p.lost.set(p.rows, true)
	}
	p.rows = max(p.rows, position+1)
	p.absent.set(position, false)
	p.failed.set(position, row.Failed() != nil)
	p.lost.set(position, p.gone != nil && row.Failed() == nil && p.gone(row))
}

// append writes a row with one call, so that a crash tears no more than the last. It returns where.
func (p *partial[R]) append(row R, stamp source.Stamp, position int64) (offset int64, err error) {
	line, err := output.EncodeLine(&p.line, row)
	if err != nil {
		return 0, err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	at := position
	if at == next {
		at = p.rows
	}
	p.full = seal(p.full[:0], line, stamp, at)
	if len(p.full) > output.MaxRow {
		return 0, fmt.Errorf("the row of %s has %d bytes; %d are the most that can be read back", row.Name(), len(p.full), output.MaxRow)
	}
	if _, err := p.file.WriteAt(p.full, p.size); err != nil {
		p.file.Truncate(p.size) // the next scan would do it, too
		return 0, err
	}
	offset = p.size
	p.add(row, stamp, position, offset)
	p.size += int64(len(p.full))
	return offset, nil
}

// all yields the rows in the order of their inputs, each as it stands now. Of one that is lost the
// error is errAbsent, and others follow.
func (p *partial[R]) all() iter.Seq2[R, error] {
	return func(yield func(R, error) bool) {
		for l, err := range p.lines() {
			var row R
			if err == nil {
				row, err = output.DecodeLine[R](l.row)
			}
			if !yield(row, p.again(err)) || err != nil && !errors.Is(err, errAbsent) {
				return
			}
		}
	}
}

// errAbsent is of a row that was damaged, and has not been made again.
var errAbsent = errors.New("the row is lost")

func (p *partial[R]) again(err error) error {
	if err != nil {
		err = fmt.Errorf("read %s again: %w", p.name, err)
	}
	return err
}

// lines yields the rows as JSON, as all does, with their stamps; each is good until the next.
func (p *partial[R]) lines() iter.Seq2[unsealed, error] {
	return func(yield func(unsealed, error) bool) {
		p.mutex.Lock()
		size := p.size
		p.mutex.Unlock()
		lines := output.NewLines(io.NewSectionReader(p.file, 0, size), output.MaxRow)
		at := int64(0)
		for n := int64(1); ; n++ {
			text, _, err := lines.Next()
			if errors.Is(err, io.EOF) {
				return
			}
			l := unsealed{position: next}
			if err == nil {
				l, err = unseal(text, n <= p.old)
			}
			switch {
			case errors.Is(err, errDamaged), errors.Is(err, output.ErrLongLine), err == nil && l.position != next && (l.position < at || n <= p.old):
				continue
			case err != nil:
				yield(unsealed{}, err)
				return
			case l.position == next:
				l.position = at
			}
			for ; at < l.position; at++ {
				if !yield(p.current(unsealed{position: at}, size)) {
					return
				}
			}
			if !yield(p.current(l, size)) {
				return
			}
			at++
		}
	}
}

// current is the row that stands for a position within the first size bytes: l, unless it was
// replaced.
func (p *partial[R]) current(l unsealed, size int64) (unsealed, error) {
	p.mutex.Lock()
	offset, ok := p.replaced[l.position]
	p.mutex.Unlock()
	if !ok || offset >= size {
		if l.row == nil {
			return l, fmt.Errorf("position %d: %w", l.position, errAbsent)
		}
		return l, nil
	}
	line, _, err := output.NewLines(io.NewSectionReader(p.file, offset, size-offset), output.MaxRow).Next()
	if err != nil {
		return l, err
	}
	now, err := unseal(line, p.old > 0)
	if err == nil && now.position != l.position {
		err = fmt.Errorf("the row of position %d is not where it was", l.position)
	}
	return now, err
}

// decode reads a line, of a number from 1.
func (p *partial[R]) decode(line []byte, n int64, err error) (row R, l unsealed, _ error) {
	if err != nil { // too long
		return row, unsealed{position: next}, errors.Join(errDamaged, err)
	}
	l, err = unseal(line, n <= p.old)
	if err == nil {
		row, err = output.DecodeLine[R](l.row)
	}
	return row, l, err
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
	return i >= 0 && i/64 < int64(len(b.words)) && b.words[i/64]>>(i%64)&1 != 0
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
