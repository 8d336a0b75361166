package overlay

import (
	"image"
	"image/color"
)

// nothing is the value of what has no class in a map of 16 bits; 255 in one of a byte.
const nothing = 65535

// Map is a picture of a map of width x height values, row by row: a byte a pixel with PASCAL VOC's colours, where all
// values are below 255, which stands for no class; else 16 bits of gray, where 65535 does, as in the values.
func Map(width, height int, values []uint16) image.Image {
	frame, most := image.Rect(0, 0, width, height), uint16(0)
	for _, v := range values {
		if v != nothing {
			most = max(most, v)
		}
	}
	if most < 255 {
		small := image.NewPaletted(frame, vocPalette())
		for i, v := range values {
			small.Pix[i] = byte(min(v, 255))
		}
		return small
	}
	deep := image.NewGray16(frame)
	for i, v := range values {
		deep.Pix[2*i], deep.Pix[2*i+1] = byte(v>>8), byte(v)
	}
	return deep
}

// vocPalette are the colours of PASCAL VOC: the bits of a value, from the lowest, are the high bits of red, green and
// blue in turn.
func vocPalette() color.Palette {
	colors := make(color.Palette, 256)
	for i := range colors {
		var rgb [3]byte
		for bit, v := 7, i; v > 0; bit, v = bit-1, v>>3 {
			for c := range rgb {
				rgb[c] |= byte(v >> c & 1 << bit)
			}
		}
		colors[i] = color.RGBA{rgb[0], rgb[1], rgb[2], 255}
	}
	return colors
}
