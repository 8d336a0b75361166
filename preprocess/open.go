package preprocess

// Open reports whether each image has a tensor of its own size.
func (s *Spec) Open() bool { return s.Height == 0 && s.Width == 0 }

// sizes reports whether the size that an image is resized to is bounded, whatever its own is.
func (r Resize) sizes() bool {
	switch r.Mode {
	case ResizeNone, Multiples: // the image's own, which LoadOptions.MaxPixels bounds
		return true
	case Exact, PadSquare, Fit, FitWithin, Letterbox, LongEdge, Constrained:
		return true
	case ShortEdge:
		return r.Longest > 0
	}
	return false
}

// For is the spec of an image of width x height pixels: where Height and Width are 0, they are
// those of the resized image, brought up to multiples of PadMultiple; else the spec as it is.
func (s *Spec) For(width, height int) Spec {
	made := *s
	if !s.Open() {
		return made
	}
	width, height = s.ResizedSize(s.centralSize(width, height))
	multiple := max(1, s.PadMultiple)
	made.Width, made.Height = (width+multiple-1)/multiple*multiple, (height+multiple-1)/multiple*multiple
	return made
}

// Placement says where an image lies in the tensor that is made of it: the pixel boundary x of
// the image, counted from 0 to Width, is that of ScaleX*x + X in the tensor, and the same down.
type Placement struct {
	Width, Height  int     // of the image
	ScaleX, ScaleY float64 // pixels of the tensor that a pixel of the image becomes
	X, Y           float64 // where the image begins; below 0 where the tensor does not show all of it
	Tensor         struct{ Width, Height int }
}

// Placement returns where an image of width x height pixels, upright where the spec turns it, lies
// in its tensor.
func (s *Spec) Placement(width, height int) Placement {
	made := s.For(width, height)
	w, h := s.centralSize(width, height)
	resizedWidth, resizedHeight := s.ResizedSize(w, h)
	p := Placement{Width: width, Height: height, ScaleX: float64(resizedWidth) / float64(w), ScaleY: float64(resizedHeight) / float64(h)}
	fromX, toX, _ := made.window(resizedWidth, made.Width)
	fromY, toY, _ := made.window(resizedHeight, made.Height)
	p.X, p.Y = float64(toX-fromX), float64(toY-fromY)
	if s.Central != [2]float64{} { // as Middle cuts it out
		p.X -= float64((width-w)/2) * p.ScaleX
		p.Y -= float64((height-h)/2) * p.ScaleY
	}
	p.Tensor.Width, p.Tensor.Height = made.Width, made.Height
	return p
}
