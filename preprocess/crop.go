package preprocess

// Crop returns a rectangle of the image, whose first pixel is (x, y). The pixels are copied:
// nothing is shared with the image. It panics where the rectangle is not within the image.
func (m *Image) Crop(x, y, width, height int) *Image {
	out := newImage(width, height, m.Channels)
	n := width * m.Channels
	for row := range height {
		from := ((y+row)*m.Width + x) * m.Channels
		copy(out.Pix[row*n:(row+1)*n], m.Pix[from:from+n])
	}
	return out
}

// Middle returns the middle of the image, of at most width x height pixels, as [Image.Crop]
// does; an odd margin has its smaller half at the left and at the top.
func (m *Image) Middle(width, height int) *Image {
	width, height = min(width, m.Width), min(height, m.Height)
	return m.Crop((m.Width-width)/2, (m.Height-height)/2, width, height)
}
