package generate

import (
	"context"
	"fmt"
	"io"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
)

// Inpaint makes what is white in a mask anew, by a graph that takes an image and a mask. The mask is
// gray, of the picture's size. The graph sees each part of the mask with what is around it, cut out of
// the picture at its own resolution, and reduced where it is larger than the graph takes. What it makes
// is blended by the mask's grays: where the mask is black, every byte of the picture stays.
//
// begin and the errors are [Generator.Image]'s; alpha stays as it is.
func (g *Generator) Inpaint(ctx context.Context, in *preprocess.Picture, mask *preprocess.Image,
	begin func(width, height, channels int) (io.Writer, error)) error {
	if err := g.enter(); err != nil {
		return err
	}
	defer g.gate.Leave()
	if g.spec.Mask == nil {
		return models.StageInput.Wrap(fmt.Errorf("%s takes no mask", g.name))
	}
	if err := g.takes(in); err != nil {
		return models.StageInput.Wrap(err)
	}
	if mask == nil || mask.Channels != 1 || mask.Width != in.Width || mask.Height != in.Height || len(mask.Pix) != in.Width*in.Height {
		return models.StageInput.Wrap(fmt.Errorf("a mask that is no gray image of %dx%d", in.Width, in.Height))
	}
	marks, _, err := g.Marks(ctx)
	if err != nil {
		return err
	}
	made := in.Image.WithChannels(3).Crop(0, 0, in.Width, in.Height)
	for _, hole := range holes(mask) {
		if err := g.fill(ctx, made, mask, hole, marks); err != nil {
			return err
		}
	}
	out := preprocess.Picture{Image: made.WithChannels(in.Channels), Alpha: in.Alpha}
	channels := out.Channels
	pix := out.Pix
	if out.Alpha != nil {
		pix, channels = interleaved(out.Image, out.Alpha), channels+1
	}
	w, err := begin(out.Width, out.Height, channels)
	if err == nil {
		_, err = w.Write(pix)
	}
	if err != nil {
		return models.StageWrite.Wrap(err)
	}
	return nil
}

// interleaved are pixels with their alpha.
func interleaved(img *preprocess.Image, alpha []byte) []byte {
	out := make([]byte, 0, len(img.Pix)+len(alpha))
	for i, a := range alpha {
		out = append(append(out, img.Pix[i*img.Channels:(i+1)*img.Channels]...), a)
	}
	return out
}

// box is a part of a picture: its first pixel, and the first beyond it.
type box struct{ x0, y0, x1, y1 int }

func (b box) width() int  { return b.x1 - b.x0 }
func (b box) height() int { return b.y1 - b.y0 }

func (b box) with(o box) box {
	return box{min(b.x0, o.x0), min(b.y0, o.y0), max(b.x1, o.x1), max(b.y1, o.y1)}
}

// holes are the boxes of a mask's parts that are not black. Parts that lie within 64 pixels of each
// other are one: the graph needs what is around them.
func holes(mask *preprocess.Image) []box {
	const cell, most = 32, 64
	cells := map[[2]int]box{}
	var order [][2]int
	for y := range mask.Height {
		for x, v := range mask.Pix[y*mask.Width : (y+1)*mask.Width] {
			if v == 0 {
				continue
			}
			at, pixel := [2]int{x / cell, y / cell}, box{x, y, x + 1, y + 1}
			if b, ok := cells[at]; ok {
				cells[at] = b.with(pixel)
				continue
			}
			cells[at] = pixel
			order = append(order, at)
		}
	}
	// Neighbouring cells, by what they have been joined to.
	var boxes []box
	seen := map[[2]int]bool{}
	for _, first := range order {
		if seen[first] {
			continue
		}
		seen[first] = true
		whole := cells[first]
		for next := [][2]int{first}; len(next) > 0; {
			at := next[len(next)-1]
			next = next[:len(next)-1]
			whole = whole.with(cells[at])
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					to := [2]int{at[0] + dx, at[1] + dy}
					if _, ok := cells[to]; ok && !seen[to] {
						seen[to] = true
						next = append(next, to)
					}
				}
			}
		}
		boxes = append(boxes, whole)
	}
	if len(boxes) > most { // specks: one run each would take long
		for _, b := range boxes[most:] {
			boxes[most-1] = boxes[most-1].with(b)
		}
		boxes = boxes[:most]
	}
	return boxes
}

// Of a graph that takes any size: the edges that it is given at most, since its memory grows with them,
// and what they are multiples of where nothing states it, as LaMa's are.
const largestHole, holeMultiple = 1024, 8

// around is the part of a picture that the graph sees of a hole, and the size that it takes: as much
// around the hole as the hole is wide on each side, and no less than the graph takes.
func (g *Generator) around(hole box, width, height int) (part box, toWidth, toHeight int) {
	spec := &g.spec.Image.Spec
	toWidth, toHeight = spec.Width, spec.Height
	wide, tall := max(3*hole.width(), hole.width()+128, toWidth), max(3*hole.height(), hole.height()+128, toHeight)
	if toWidth > 0 { // in the graph's proportions
		if wide*toHeight < tall*toWidth {
			wide = divideUp(tall*toWidth, toHeight)
		} else {
			tall = divideUp(wide*toHeight, toWidth)
		}
	}
	span := func(lo, hi, n, all int) (int, int) {
		n = min(n, all)
		from := min(max(0, (lo+hi-n)/2), all-n)
		return from, from + n
	}
	part.x0, part.x1 = span(hole.x0, hole.x1, wide, width)
	part.y0, part.y1 = span(hole.y0, hole.y1, tall, height)
	if toWidth > 0 {
		return part, toWidth, toHeight
	}
	multiple := g.spec.Image.Multiple
	if multiple <= 1 {
		multiple = holeMultiple
	}
	scale := min(1, float64(largestHole)/float64(max(part.width(), part.height())))
	edge := func(n int) int { return roundUp(max(1, int(float64(n)*scale)), multiple) }
	return part, edge(part.width()), edge(part.height())
}

// fill makes one hole of a picture of colours anew.
func (g *Generator) fill(ctx context.Context, made, mask *preprocess.Image, hole box, marks config.Mark) error {
	part, width, height := g.around(hole, made.Width, made.Height)
	image := made.Crop(part.x0, part.y0, part.width(), part.height())
	grays := mask.Crop(part.x0, part.y0, part.width(), part.height())
	// As large as it fits into the graph's size, in its proportions; the rest is reflected.
	scale := min(1, float64(width)/float64(part.width()), float64(height)/float64(part.height()))
	inner := [2]int{max(1, int(float64(part.width())*scale)), max(1, int(float64(part.height())*scale))}
	binary := &preprocess.Image{Width: grays.Width, Height: grays.Height, Channels: 1, Pix: make([]byte, len(grays.Pix))}
	for i, v := range grays.Pix {
		if v > 0 {
			binary.Pix[i] = 255
		}
	}
	small, holes := image, binary
	if scale < 1 {
		small, holes = preprocess.Resample(image, inner[0], inner[1], filter), preprocess.Resample(binary, inner[0], inner[1], preprocess.Box)
	}
	small, holes = small.Padded(width, height), holes.Padded(width, height)
	out, seen, err := g.filled(ctx, small, holes, marks)
	if err != nil {
		return err
	}
	if err := g.known(small, out, holes, seen); err != nil {
		return models.StageOutput.Wrap(err)
	}
	if out.Width != width || out.Height != height {
		return models.StageOutput.Wrap(fmt.Errorf("output %q has %dx%d pixels for %dx%d: what is filled in must be of the image's size", g.spec.Output.Name, out.Width, out.Height, width, height))
	}
	out = out.Crop(0, 0, inner[0], inner[1])
	if scale < 1 {
		out = preprocess.Resample(out, part.width(), part.height(), filter)
	}
	for y := range part.height() {
		for x := range part.width() {
			v, px, py := uint32(grays.Pix[y*part.width()+x]), part.x0+x, part.y0+y
			if v == 0 || px < hole.x0 || px >= hole.x1 || py < hole.y0 || py >= hole.y1 { // other holes have runs of their own
				continue
			}
			to := made.Pix[(py*made.Width+px)*3:]
			from := out.Pix[(y*part.width()+x)*3:]
			for c := range 3 {
				to[c] = byte((uint32(from[c])*v + uint32(to[c])*(255-v) + 127) / 255)
			}
		}
	}
	return nil
}

// known says what is wrong with what a graph has made of the pixels that it was to keep: in the hole all
// may be of one colour, as a wall is.
func (g *Generator) known(in, out, mask *preprocess.Image, seen *levels) error {
	before, after := levels{channels: 3}, levels{channels: 3}
	for i, hole := range mask.Pix {
		if hole == 0 {
			before.look(in.Pix[3*i : 3*i+3])
			after.look(out.Pix[3*i : 3*i+3])
		}
	}
	if nearlyAll(seen.low+seen.high, seen.values) || before.contrast && !after.contrast {
		return config.Errorf("output %q: what the mask keeps has come out as one colour, or beyond black and white: the usual cause is an %s or an %s that is not the graph's (0,255 where it is 0,1)",
			g.spec.Output.Name, config.Key("output-range"), config.Key("input-range"))
	}
	return nil
}
