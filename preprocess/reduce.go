package preprocess

// reduction is an image that is resized while its rows are decoded, since it is too large to be kept until then.
type reduction struct {
	*Resampler
	img      *Image // resized
	channels int    // of the rows that come
	packed   []byte // rows of img's channels, of those that come
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

// again begins anew, in the memory that it has.
func (r *reduction) again() error {
	color, alpha := r.color.Pix, r.alpha.strip
	err := r.begin(r.width, r.height, r.filter)
	if color != nil && err == nil {
		r.color.Pix = color[:0]
		if alpha.Image != nil {
			r.alpha.Pix = alpha.Pix[:0]
		}
	}
	return err
}

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
		r.packed = grown(r.packed, len(rows)/r.channels*r.img.Channels)
		packed = r.packed
		withChannels(packed, r.img.Channels, rows)
	}
	_, err := r.Resampler.Write(packed)
	return len(rows), err
}

// bytes is how much memory it takes: the rows of a band, several times what one row of the result is made of,
// once more as they are resized across, and some as they come and are converted.
func (r *reduction) bytes() int64 {
	const coming = 64
	rows := int64(min(r.most, r.height))
	return rows*int64(r.width+r.toWidth)*int64(r.img.Channels) + coming*int64(r.width)*int64(r.channels+r.img.Channels) + int64(2*len(r.img.Pix))
}

// lines is where a decoder puts rows, from the top: into the image that is asked for or, of one that is too large,
// into a band of a few rows, which are resized when all of them have come.
type lines struct {
	img     *Image     // or the band
	reduced *reduction // nil: img is all
	top     int        // of the band
	height  int        // of the picture
}

// lines takes the memory: each bytes a pixel where all of them are kept, beside which takes some in any case.
// band is how many rows come together.
func (r request) lines(width, height, channels, orientation, band int, each, beside int64) (*lines, error) {
	l := &lines{height: height}
	if err := checkSize(width, height, r.maxPixels); err != nil {
		return nil, err
	}
	if whole := width * channels; r.reduce != nil && band < height && band*whole <= keepLimit/4 {
		l.reduced = r.reduce(width, height, channels, orientation)
		if l.reduced != nil {
			err := r.admitBytes(width, height, l.reduced.bytes()+int64(3*band*whole)+beside)
			l.img = newImage(width, band, channels)
			return l, err
		}
	}
	if err := r.admitBytes(width, height, int64(width)*int64(height)*each+beside); err != nil {
		return nil, err
	}
	l.img = r.image(width, height, channels)
	return l, nil
}

// row is the place of row y. Those of a band come in any order, and bands from the top.
func (l *lines) row(y int) ([]byte, error) {
	for y >= l.top+l.img.Height {
		if err := l.flush(); err != nil {
			return nil, err
		}
	}
	line := l.img.Width * l.img.Channels
	return l.img.Pix[(y-l.top)*line:][:line], nil
}

func (l *lines) flush() error {
	rows := min(l.img.Height, l.height-l.top)
	l.top += rows
	_, err := l.reduced.Write(l.img.Pix[:rows*l.img.Width*l.img.Channels])
	return err
}

// picture is what has become of the rows, all of which have come.
func (l *lines) picture() (picture, error) {
	p := picture{img: l.img, width: l.img.Width, height: l.height}
	if l.reduced == nil {
		return p, nil
	}
	for l.top < l.height {
		if err := l.flush(); err != nil {
			return p, err
		}
	}
	p.img, p.resized = l.reduced.img, true
	return p, l.reduced.Close()
}
