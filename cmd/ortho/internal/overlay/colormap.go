package overlay

import (
	_ "embed"
	"slices"
)

// colormapBytes are those of ColorMaps, 256 colours each (scripts/colormaps.py).
//
//go:embed colormaps.bin
var colormapBytes []byte

// ColorMaps are the names of maps from numbers to colours, as matplotlib has them.
var ColorMaps = []string{"inferno", "magma", "viridis"}

// ColorMap returns the colours of a map, R, G and B, from the least value to the largest; false where there is none of
// that name.
func ColorMap(name string) (colors [256][3]byte, ok bool) {
	at := slices.Index(ColorMaps, name)
	if at < 0 {
		return colors, false
	}
	for i := range colors {
		colors[i] = [3]byte(colormapBytes[at*768+3*i:])
	}
	return colors, true
}
