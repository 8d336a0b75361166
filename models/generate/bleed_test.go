package generate

import (
	"bytes"
	"testing"

	"ortho/preprocess"
)

// TestBled: transparent pixels get the colours around them, and others keep theirs.
func TestBled(t *testing.T) {
	const size = 23
	in := &preprocess.Picture{Image: &preprocess.Image{Width: size, Height: size, Channels: 3, Pix: make([]byte, size*size*3)}, Alpha: make([]byte, size*size)}
	for y := range size {
		for x := range size {
			if dx, dy := x-8, y-8; dx*dx+dy*dy < 30 { // a red disc, half opaque at its rim, on transparent black
				at := y*size + x
				in.Alpha[at] = 255
				if dx*dx+dy*dy > 20 {
					in.Alpha[at] = 128
				}
				copy(in.Pix[3*at:], []byte{255, 10, 20})
			}
		}
	}
	before := bytes.Clone(in.Pix)
	out := bled(in)
	for i := range size * size {
		if !bytes.Equal(out.Pix[3*i:3*i+3], []byte{255, 10, 20}) {
			t.Fatalf("pixel %d is %v", i, out.Pix[3*i:3*i+3])
		}
	}
	if !bytes.Equal(in.Pix, before) || !bytes.Equal(out.Alpha, in.Alpha) {
		t.Error("the picture itself was written to")
	}
	for name, alpha := range map[string][]byte{"none": nil, "opaque": bytes.Repeat([]byte{255}, size*size)} {
		in.Alpha = alpha
		if out := bled(in); out != in {
			t.Errorf("%s: a copy", name)
		}
	}
	in.Alpha = make([]byte, size*size) // nothing has a colour
	if out := bled(in); len(out.Pix) != len(in.Pix) {
		t.Error("all transparent")
	}
}
