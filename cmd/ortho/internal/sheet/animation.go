package sheet

import (
	"cmp"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/gif"
	"io"
	"slices"

	"ortho/preprocess"
)

// WriteGIF writes pictures of one size as an animation that repeats for ever, at about
// perSecond pictures a second (1 to 50: GIF counts hundredths of a second). Up to 256 colours are
// kept as they are; where there are more, the 256 nearest to them (by median cut, Heckbert
// 1982) are dithered, the same in all frames.
func WriteGIF(w io.Writer, pictures []*preprocess.Image, perSecond int) error {
	if len(pictures) == 0 {
		return errors.New("there is no picture to animate")
	}
	first := pictures[0]
	for _, p := range pictures {
		if p.Width != first.Width || p.Height != first.Height {
			return fmt.Errorf("the pictures of an animation have one size: %dx%d is not %dx%d", p.Width, p.Height, first.Width, first.Height)
		}
	}
	if first.Width > 0xffff || first.Height > 0xffff {
		return fmt.Errorf("a GIF has at most 65535x65535 pixels, not %dx%d", first.Width, first.Height)
	}
	palette, exact := paletteOf(pictures)
	bounds := image.Rect(0, 0, first.Width, first.Height)
	animation := gif.GIF{Config: image.Config{ColorModel: palette, Width: first.Width, Height: first.Height}}
	for _, p := range pictures {
		frame := image.NewPaletted(bounds, palette)
		if exact {
			draw.Draw(frame, bounds, p.RGBA(), image.Point{}, draw.Src)
		} else {
			draw.FloydSteinberg.Draw(frame, bounds, p.RGBA(), image.Point{})
		}
		animation.Image = append(animation.Image, frame)
		animation.Delay = append(animation.Delay, (100+perSecond/2)/perSecond)
	}
	return gif.EncodeAll(w, &animation)
}

const paletteSize = 256

// paletteOf returns the pictures' colours where they are few enough, else those that
// median cut chooses of the colours in steps of 8.
func paletteOf(pictures []*preprocess.Image) (p color.Palette, exact bool) {
	distinct := map[color.RGBA]struct{}{}
	counts := make([]int, 1<<15)
	for _, picture := range pictures {
		for at := 0; at < len(picture.Pix); at += picture.Channels {
			pixel := picture.Pix[at : at+picture.Channels]
			c := color.RGBA{pixel[0], pixel[picture.Channels/2], pixel[picture.Channels-1], 255}
			if len(distinct) <= paletteSize {
				distinct[c] = struct{}{}
			}
			counts[int(c.R>>3)<<10|int(c.G>>3)<<5|int(c.B>>3)]++
		}
	}
	if len(distinct) <= paletteSize {
		for c := range distinct {
			p = append(p, c)
		}
		slices.SortFunc(p, func(a, b color.Color) int { return cmp.Compare(number(a), number(b)) }) // the same file each time
		return p, true
	}
	var all box
	for i, n := range counts {
		if n > 0 {
			all = append(all, bin{[3]int{i >> 10, i >> 5 & 31, i & 31}, n})
		}
	}
	boxes := []box{all}
	for len(boxes) < paletteSize {
		i, axis := widest(boxes)
		if i < 0 {
			break
		}
		a, b := boxes[i].cut(axis)
		boxes[i] = a
		boxes = append(boxes, b)
	}
	for _, b := range boxes {
		p = append(p, b.mean())
	}
	return p, false
}

func number(c color.Color) uint32 {
	rgba, _ := c.(color.RGBA)
	return uint32(rgba.R)<<16 | uint32(rgba.G)<<8 | uint32(rgba.B)
}

// bin is a colour, in steps of 8, and how many pixels have it.
type bin struct {
	at [3]int
	n  int
}

type box []bin

// widest finds the box and axis with most pixels times range; -1 where none can be cut.
func widest(boxes []box) (index, axis int) {
	index, most := -1, 0
	for i, b := range boxes {
		low, high, n := [3]int{31, 31, 31}, [3]int{}, 0
		for _, x := range b {
			n += x.n
			for a, v := range x.at {
				low[a], high[a] = min(low[a], v), max(high[a], v)
			}
		}
		for a := range 3 {
			if score := n * (high[a] - low[a]); score > most {
				index, axis, most = i, a, score
			}
		}
	}
	return index, axis
}

// cut splits a box where half of its pixels lie on each side.
func (b box) cut(axis int) (x, y box) {
	slices.SortFunc(b, func(p, q bin) int {
		return cmp.Or(cmp.Compare(p.at[axis], q.at[axis]), slices.Compare(p.at[:], q.at[:]))
	})
	total, below := 0, 0
	for _, c := range b {
		total += c.n
	}
	at := 0
	for at < len(b)-1 && (at == 0 || 2*(below+b[at].n) <= total) {
		below += b[at].n
		at++
	}
	return b[:at], b[at:]
}

func (b box) mean() color.RGBA {
	var sum [3]int
	n := 0
	for _, c := range b {
		n += c.n
		for a, v := range c.at {
			sum[a] += c.n * (8*v + 4)
		}
	}
	return color.RGBA{uint8(sum[0] / n), uint8(sum[1] / n), uint8(sum[2] / n), 255}
}
