package preprocess

// Padded is the image grown to width x height at its right and bottom by reflection, the
// edge itself not repeated: NumPy's np.pad(mode="reflect"). It goes to and fro where
// the image is narrower than what is added; an edge of one pixel is repeated. An image of
// that size already is returned as it is; neither edge may be less than the image's.
func (m *Image) Padded(width, height int) *Image {
	if width == m.Width && height == m.Height {
		return m
	}
	out := newImage(width, height, m.Channels)
	n := width * m.Channels
	for y := range m.Height {
		row := out.Pix[y*n : (y+1)*n]
		copy(row, m.Pix[y*m.Width*m.Channels:(y+1)*m.Width*m.Channels])
		for x := m.Width; x < width; x++ {
			from := reflected(x, m.Width)
			copy(row[x*m.Channels:(x+1)*m.Channels], row[from*m.Channels:])
		}
	}
	for y := m.Height; y < height; y++ {
		from := reflected(y, m.Height)
		copy(out.Pix[y*n:(y+1)*n], out.Pix[from*n:])
	}
	return out
}

// reflected is the pixel of n that stands at i beyond the end.
func reflected(i, n int) int {
	if n == 1 {
		return 0
	}
	i %= 2 * (n - 1)
	return min(i, 2*(n-1)-i)
}
