package generate

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync/atomic"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner"
)

// pass is an image's way through the graph:
//
//	tiles --(crop, tensor, run: several at once)--> output tensors, in order --> mosaic
//	    --> bands of rows --(another goroutine)--> finish --> writer
type pass struct {
	g      *Generator
	in     *preprocess.Picture
	source source
	unit   [2]int // across, down: tiles begin at multiples of it
	begin  func(width, height, channels int) (io.Writer, error)
	step   func(done, total int)

	columns, rows edge
	slots         pool[*slot]
	outputs       pool[*runner.Tensor]
	shape         atomic.Pointer[[]int64] // of an output
	mosaic        *mosaic
	size          [3]int // width, height, channels of every tile's output
	bands         *bands
	band          []byte
}

// tile is a place in the grid.
type tile struct{ row, column int }

// run returns the unit that the scale requires, which the first tile's output shows. Where it is
// not the pass's, nothing has been written.
func (p *pass) run(parent context.Context) (unit [2]int, err error) {
	if s := &p.source; s.whole {
		p.columns, p.rows = uncut(s.spec.Width), uncut(s.spec.Height)
	} else {
		t := p.g.tiling
		p.columns, p.rows = t.cut(s.Width, t.width, p.unit[0]), t.cut(s.Height, t.height, p.unit[1])
		s.Image = s.Padded(p.columns.padded, p.rows.padded)
	}
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	defer p.slots.close((*slot).close)
	defer p.outputs.close((*runner.Tensor).Close)
	unit, err = p.tiles(ctx)
	if err != nil {
		cancel()
	}
	if p.bands != nil {
		if failed := p.bands.close(); err == nil && failed != nil {
			err = models.StageWrite.Wrap(failed)
		}
	}
	switch {
	case parent.Err() != nil:
		return unit, parent.Err()
	case err != nil || unit != p.unit:
		return unit, err
	}
	if err := p.mosaic.seen.verdict(p.g.spec.Output.Name, p.in.Image); err != nil {
		return unit, models.StageOutput.Wrap(err)
	}
	return unit, nil
}

// tiles runs all tiles, and puts their outputs together in order.
func (p *pass) tiles(ctx context.Context) (unit [2]int, err error) {
	done, total := 0, len(p.columns.starts)*len(p.rows.starts)
	for r := range runner.Map(ctx, p.grid(), p.g.concurrency, p.tile) {
		if r.Err != nil {
			return p.unit, r.Err
		}
		out, err := planeOf(r.Value, &p.g.spec.Output, 0)
		if err != nil {
			return p.unit, models.StageOutput.Wrap(err)
		}
		if p.mosaic == nil {
			if unit, err := p.learn(ctx, &out); err != nil || unit != p.unit {
				return unit, err
			}
		}
		if err := p.add(r.Item, &out); err != nil {
			return p.unit, err
		}
		p.outputs.put(r.Value)
		done++
		if p.step != nil {
			p.step(done, total)
		}
	}
	return p.unit, nil
}

func (p *pass) grid() iter.Seq[tile] {
	return func(yield func(tile) bool) {
		for row := range p.rows.starts {
			for column := range p.columns.starts {
				if !yield(tile{row, column}) {
					return
				}
			}
		}
	}
}

// slot is what one run fills.
type slot struct {
	in    *runner.Tensor
	image preprocess.Image
}

func (s *slot) close() { s.in.Close() }

// tile runs one. Its output goes back to the outputs when it has been used.
func (p *pass) tile(ctx context.Context, t tile) (*runner.Tensor, error) {
	s, err := p.slot()
	if err != nil {
		return nil, err
	}
	defer p.slots.put(s)
	x, y := p.columns.starts[t.column], p.rows.starts[t.row]
	if err := p.source.tensor(s.in.Row(0), &s.image, x, y, p.columns.tile, p.rows.tile); err != nil {
		return nil, models.StageInput.Wrap(err)
	}
	out, err := p.output()
	if err != nil {
		return nil, err
	}
	outputs := []*runner.Tensor{out}
	if err := p.g.session.Run(ctx, []*runner.Tensor{s.in}, outputs); err != nil {
		if ctx.Err() == nil && p.g.spec.Image.Spec.Height == 0 {
			err = config.Errorf("%dx%d pixels: %w (a graph that takes only certain sizes needs %s, which was not found by trying powers of 2 and the graph's own numbers, and a large image %s)",
				p.columns.tile, p.rows.tile, err, config.Key("size-multiple"), config.Key("tile"))
		}
		return nil, models.StageRun.Wrap(err)
	}
	if out == nil {
		p.outputs.own(outputs[0])
		p.shape.Store(&outputs[0].Shape)
	}
	return outputs[0], nil
}

func (p *pass) slot() (*slot, error) {
	if s, ok := p.slots.get(); ok {
		return s, nil
	}
	v := p.g.session.Inputs[0]
	shape := p.source.spec.Layout.Shape(p.source.spec.Channels, p.rows.tile, p.columns.tile)
	in, err := runner.NewTensor(v.Type, append([]int64{int64(max(1, p.g.spec.Batch))}, shape...))
	if err != nil {
		return nil, models.StageInput.Wrap(fmt.Errorf("input %q: %w", v.Name, err))
	}
	s := &slot{in: in}
	p.slots.own(s)
	return s, nil
}

// output is a tensor for a tile's output; nil before a run has shown its shape.
func (p *pass) output() (*runner.Tensor, error) {
	if t, ok := p.outputs.get(); ok {
		return t, nil
	}
	shape := p.shape.Load()
	if shape == nil {
		return nil, nil
	}
	t, err := runner.NewTensor(p.g.session.Outputs[0].Type, *shape)
	if err != nil {
		return nil, models.StageOutput.Wrap(fmt.Errorf("output %q: %w", p.g.spec.Output.Name, err))
	}
	p.outputs.own(t)
	return t, nil
}

// learn takes the size of all tiles' outputs from the first. Where the unit that follows
// is the pass's, the writer is begun.
func (p *pass) learn(ctx context.Context, out *plane) (unit [2]int, err error) {
	unit = p.unit
	var scale [2]ratio
	for i, e := range []edge{p.columns, p.rows} {
		length, ok := []int{out.Width, out.Height}[i], false
		if !e.placed() {
			scale[i] = ratio{length, e.tile}
			continue
		}
		if scale[i], ok = ratioOf(length, e.tile); !ok {
			return unit, models.StageOutput.Wrap(config.Errorf("output %q has %dx%d pixels for %dx%d: no ratio of small numbers, "+
				"so that it can't be put together of tiles, nor be cut to size (%s -1 runs the whole image)",
				out.name, out.Width, out.Height, p.columns.tile, p.rows.tile, config.Key("tile")))
		}
		unit[i] = leastCommonMultiple(p.source.multiple, scale[i].den)
	}
	if unit != p.unit {
		return unit, nil
	}
	if p.g.spec.Image.Luma && out.Channels != 1 {
		return unit, models.StageOutput.Wrap(fmt.Errorf("output %q has %d channels: a graph that takes luma must give luma", out.name, out.Channels))
	}
	width, height := p.columns.length(scale[0], out.Width), p.rows.length(scale[1], out.Height)
	f := &finish{in: p.in, chroma: p.source.chroma, width: width, height: height, channels: out.Channels}
	if p.g.opt.KeepSize {
		f.toWidth, f.toHeight = p.in.Width, p.in.Height
	}
	if err := f.start(p.begin); err != nil {
		return unit, models.StageWrite.Wrap(err)
	}
	p.size = [3]int{out.Width, out.Height, out.Channels}
	p.mosaic = newMosaic(p.columns.spans(scale[0]), p.rows.spans(scale[1]), width, height, out.Channels)
	p.bands = newBands(ctx, f, p.mosaic.band(), width*out.Channels)
	return unit, nil
}

// add puts a tile in its place. The last one of a row of tiles completes rows of pixels.
func (p *pass) add(t tile, out *plane) (err error) {
	if size := [3]int{out.Width, out.Height, out.Channels}; size != p.size {
		return models.StageOutput.Wrap(fmt.Errorf("output %q: %v (width, height, channels) for a tile where the first gave %v", out.name, size, p.size))
	}
	if t.column == 0 {
		if p.band, err = p.bands.take(); err != nil {
			return models.StageWrite.Wrap(err)
		}
	}
	bad, err := p.mosaic.add(t.row, t.column, out, p.band)
	if err != nil {
		return models.StageOutput.Wrap(err)
	}
	if bad > 0 {
		return models.StageOutput.Wrap(config.Errorf("output %q: %d of %d values are NaN or infinite (tile %d of %d): the usual causes are float16 overflow, "+
			"so that a float32 graph or another provider helps, and an %s, %s or %s that the graph was not made for",
			out.name, bad, out.Width*out.Height*out.Channels, t.row*len(p.columns.starts)+t.column+1, len(p.columns.starts)*len(p.rows.starts),
			config.Key("input-range"), config.Key("mean"), config.Key("std")))
	}
	if t.column == len(p.columns.starts)-1 {
		from, to := p.mosaic.completed(t.row)
		p.bands.give(p.band[:(to-from)*p.mosaic.width*p.mosaic.channels])
	}
	return nil
}
