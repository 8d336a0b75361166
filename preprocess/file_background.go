package preprocess

// widener makes rows of gray ones of colours, and opaque ones of alpha.
type widener struct {
	from, to int // channels
	out      []byte
}

// rows returns the rows as they are to be; they are valid until the next call.
func (w *widener) rows(packed []byte) []byte {
	w.out = w.out[:0]
	for ; len(packed) > 0; packed = packed[w.from:] {
		colours := w.from - 1 + w.from%2
		for i := range 3 {
			w.out = append(w.out, packed[min(i, colours-1)])
		}
		if w.to == 4 && w.from%2 == 0 {
			w.out = append(w.out, packed[colours])
		} else if w.to == 4 {
			w.out = append(w.out, 255)
		}
	}
	return w.out
}

// flattener lays rows with alpha on a colour, as Pillow's Image.alpha_composite does over
// an opaque image: values*alpha + colour*(255-alpha) in units of 255, rounded to nearest.
type flattener struct {
	channels int // of the rows: 2 or 4
	colour   [3]byte
	out      []byte
}

// after is how many channels are left: gray stays gray on gray.
func (f *flattener) after() int {
	if f.channels == 2 && f.colour[0] == f.colour[1] && f.colour[1] == f.colour[2] {
		return 1
	}
	return 3
}

// rows returns the rows without alpha; they are valid until the next call.
func (f *flattener) rows(packed []byte) []byte {
	n := f.after()
	f.out = f.out[:0]
	for ; len(packed) > 0; packed = packed[f.channels:] {
		alpha := int(packed[f.channels-1])
		for i := range n {
			value := int(packed[min(i, f.channels-2)])
			f.out = append(f.out, byte((value*alpha+int(f.colour[i])*(255-alpha)+127)/255))
		}
	}
	return f.out
}
