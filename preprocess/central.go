package preprocess

// centralSize is the size of an image's middle, as Central has it: at least a pixel, where
// transformers sees nothing of an image of one.
func (s *Spec) centralSize(width, height int) (int, int) {
	if s.Central == [2]float64{} {
		return width, height
	}
	short := float64(min(width, height))
	return max(1, int(s.Central[1]*short)), max(1, int(s.Central[0]*short))
}

// central cuts out an image's middle: transformers' NumPy center_crop.
func (s *Spec) central(img *Image) *Image {
	return img.Middle(s.centralSize(img.Width, img.Height))
}
