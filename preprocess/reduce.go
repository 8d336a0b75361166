package preprocess

// reduction is an image that is resized while its rows are decoded, since it is too large to be kept until then.
type reduction struct {
	*Resampler
	img      *Image // resized
	channels int    // of the rows that come
}

// keepLimit is the largest image that is kept as a whole where it need not be, and whose memory is kept for
// later ones.
var keepLimit = 64 << 20 // tests set another one

// reduce makes one for an image of which what is needed is too large. It returns nil where that is
// not so, and where the tensor is made of more than the resized image.
func (s *Spec) reduce(width, height, channels, orientation int) *reduction {
	turned := s.Orientation == ApplyOrientation && orientation > 1 && orientation <= 8
	if part := s.part(width, height); part.width*part.height*channels <= keepLimit || turned || s.Validate() != nil || s.Central != [2]float64{} || s.Resize.Mode == PadSquare || !s.Interpolation.pillow() {
		return nil
	}
	w, h := s.ResizedSize(width, height)
	if max(width, height) > maxEdge || max(w, h) > maxResizedEdge || w*h*s.Channels > keepLimit {
		return nil
	}
	r := &reduction{img: newImage(w, h, s.Channels), channels: channels}
	if r.begin(width, height, s.Interpolation) != nil {
		return nil
	}
	return r
}

// begin is before the first row.
func (r *reduction) begin(width, height int, f Filter) (err error) {
	r.Resampler, err = NewResampler(&rowsOf{r.img.Pix}, width, height, r.img.Channels, r.img.Width, r.img.Height, f)
	return err
}

// again begins anew.
func (r *reduction) again() error { return r.begin(r.width, r.height, r.filter) }

// rowsOf is the memory that rows go to.
type rowsOf struct{ left []byte }

func (r *rowsOf) Write(rows []byte) (int, error) {
	r.left = r.left[copy(r.left, rows):]
	return len(rows), nil
}

// Write takes whole rows.
func (r *reduction) Write(rows []byte) (int, error) {
	packed := rows
	if r.channels != r.img.Channels {
		n := len(rows) / r.channels
		m := (&Image{Width: n, Height: 1, Channels: r.channels, Pix: rows}).WithChannels(r.img.Channels)
		packed = m.Pix
	}
	_, err := r.Resampler.Write(packed)
	return len(rows), err
}

// bytes is how much memory it takes: the rows of a band, several times what one row of the result is made of.
func (r *reduction) bytes() int64 {
	one := int(2*kernels[r.filter].support)*(r.height/r.toHeight+1) + 2
	rows := min(r.height, max(16, 3*one)+one)
	return int64(rows)*int64(r.width)*int64(2*r.channels) + int64(len(r.img.Pix))
}
