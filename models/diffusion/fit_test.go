package diffusion

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"ortho/preprocess"
)

// TestFit is against diffusers' image processor: scripts/goldens/fit.py.
func TestFit(t *testing.T) {
	data, err := os.ReadFile("testdata/goldens/fit.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Size, To    [2]int
		Fit         Fit
		Image, Made []byte
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		img := &preprocess.Image{Width: c.Size[0], Height: c.Size[1], Channels: 3, Pix: c.Image}
		got := frameOf(c.Fit, c.Size[0], c.Size[1], c.To[0], c.To[1], 8).place(img, false)
		if got.Width != c.To[0] || got.Height != c.To[1] || !bytes.Equal(got.Pix, c.Made) {
			t.Errorf("%v to %v by %s: %dx%d of other pixels", c.Size, c.To, c.Fit, got.Width, got.Height)
		}
	}
}

// TestFitPad: nothing of the image is lost, and what lies beside it is cut off the picture.
func TestFitPad(t *testing.T) {
	for _, c := range []struct {
		size, to, within [2]int
	}{
		{[2]int{101, 77}, [2]int{112, 80}, [2]int{101, 77}}, {[2]int{64, 64}, [2]int{64, 64}, [2]int{64, 64}},
		{[2]int{200, 100}, [2]int{64, 64}, [2]int{64, 32}}, {[2]int{10, 40}, [2]int{64, 64}, [2]int{16, 64}}, {[2]int{1, 4000}, [2]int{64, 64}, [2]int{1, 64}},
	} {
		f := frameOf(FitPad, c.size[0], c.size[1], c.to[0], c.to[1], 16)
		if [2]int{f.width, f.height} != c.within {
			t.Errorf("%v in %v: %dx%d, want %v", c.size, c.to, f.width, f.height, c.within)
		}
		img := &preprocess.Image{Width: c.size[0], Height: c.size[1], Channels: 3, Pix: bytes.Repeat([]byte{9}, 3*c.size[0]*c.size[1])}
		light, black := f.place(img, false), f.place(img, true)
		if light.Width != c.to[0] || light.Height != c.to[1] || black.Width != c.to[0] || bytes.Contains(light.Pix, []byte{0}) || bytes.Contains(black.Pix, []byte{0}) == (c.within == c.to) {
			t.Errorf("%v in %v: %dx%d", c.size, c.to, light.Width, light.Height)
		}
	}
	sd := pipeline(t, "sd", Options{})
	wide := &preprocess.Picture{Image: preprocess.Resample(picture(t, "picture.png").Image, 133, 81, preprocess.Bicubic)}
	s := one(t, sd, Request{Image: wide, Steps: 2, Fit: FitPad})
	if r := s.Request; s.Err != nil || r.Width != 144 || r.Height != 96 || s.Image.Width != 133 || s.Image.Height != 81 {
		t.Errorf("%v, %v", s.Image, s.Err)
	}
	if f, ok := sd.Fitting(s.Request, s.Request.Image); !ok || f.Width != 133 || f.Height != 81 || f.Lost != [2]float64{} {
		t.Errorf("%+v", f)
	}
}

// maskPicture is a picture of w x h pixels with what value gives: gray and alpha.
func maskPicture(w, h int, value func(x, y int) (gray, alpha byte)) *preprocess.Picture {
	p := &preprocess.Picture{Image: &preprocess.Image{Width: w, Height: h, Channels: 1}}
	for y := range h {
		for x := range w {
			v, a := value(x, y)
			p.Pix, p.Alpha = append(p.Pix, v), append(p.Alpha, a)
		}
	}
	return p
}

func left(x, of int, in, out byte) byte {
	if x < of {
		return in
	}
	return out
}

// TestMaskOf: masks are read as what they are.
func TestMaskOf(t *testing.T) {
	for name, c := range map[string]struct {
		value       func(x, y int) (gray, alpha byte)
		transparent bool
		soft        bool
		at, beside  byte // of the left half and the right one
	}{
		"white":                  {func(x, _ int) (byte, byte) { return left(x, 16, 255, 0), 255 }, false, false, 255, 0},
		"black and a hole":       {func(x, _ int) (byte, byte) { return 0, left(x, 16, 0, 255) }, true, false, 255, 0},
		"white and a hole":       {func(x, _ int) (byte, byte) { return 255, left(x, 16, 0, 255) }, true, false, 255, 0},
		"a photograph's hole":    {func(x, y int) (byte, byte) { return byte(x*7 + y*3), left(x, 16, 0, 255) }, true, false, 255, 0},
		"both beside nothing":    {func(x, y int) (byte, byte) { return left(x, 16, 255, 0), left(y, 16, 255, 0) }, false, false, 255, 0},
		"gray":                   {func(x, _ int) (byte, byte) { return left(x, 16, 100, 0), 255 }, false, true, 100, 0},
		"a translucent hole":     {func(x, _ int) (byte, byte) { return 0, left(x, 16, 100, 255) }, true, true, 155, 0},
		"smoothed, but not soft": {func(x, _ int) (byte, byte) { return left(x, 16, 255, left(x, 17, 128, 0)), 255 }, false, false, 255, 0},
	} {
		m := MaskOf(maskPicture(32, 32, c.value), false)
		pix := m.Picture.Pix
		if m.ByTransparent != c.transparent || m.Soft != c.soft || pix[4*32+4] != c.at || pix[4*32+28] != c.beside {
			t.Errorf("%s: transparent %v, soft %v, %d, %d", name, m.ByTransparent, m.Soft, pix[4*32+4], pix[4*32+28])
		}
		inverted := MaskOf(maskPicture(32, 32, c.value), true).Picture.Pix
		if inverted[4*32+4] != 255-c.at {
			t.Errorf("%s, inverted: %d", name, inverted[4*32+4])
		}
	}
}

// TestMaskOfNothing: a mask that changes nothing leaves the image as it is, without a step, and says why.
func TestMaskOfNothing(t *testing.T) {
	sd := pipeline(t, "sd", Options{})
	photo := picture(t, "picture.png")
	for name, c := range map[string]struct {
		value func(x, y int) (gray, alpha byte)
		width int
		want  string
	}{
		"black":              {func(_, _ int) (byte, byte) { return 0, 255 }, 64, "black everywhere"},
		"0 and 1":            {func(x, _ int) (byte, byte) { return left(x, 32, 1, 0), 255 }, 64, "brightest of its values is 1,"},
		"a line":             {func(x, _ int) (byte, byte) { return left(x, 5, left(x, 4, 0, 255), 0), 255 }, 64, "too thin"},
		"beside what is cut": {func(x, _ int) (byte, byte) { return left(x, 4, 255, 0), 255 }, 32, "32x64 pixels"},
	} {
		r := Request{Image: photo, Mask: maskPicture(64, 64, c.value), Width: c.width, Height: 64}
		r, err := sd.Fill(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := sd.Unchanged(r); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		r.Step = func(Step) { t.Errorf("%s: a step", name) }
		want := r.frame(sd)
		if s := one(t, sd, r); s.Err != nil || !bytes.Equal(s.Image.Pix, want.Pix) {
			t.Errorf("%s: another picture than the image: %v", name, s.Err)
		}
	}
}

// frame is the request's image in the pipeline's pixels.
func (r Request) frame(p *Pipeline) *preprocess.Image {
	return (&sampling{Pipeline: p, Request: r}).frame(r.Image).place(r.Image.Image, false)
}

// TestSoftMask: where a soft mask is black every byte is the image's.
func TestSoftMask(t *testing.T) {
	sd := pipeline(t, "sd", Options{})
	photo := picture(t, "picture.png")
	mask := maskPicture(64, 64, func(x, _ int) (byte, byte) { return left(x, 20, 0, byte(min(255, 4*(x-20)))), 255 })
	s := one(t, sd, Request{Image: photo, Mask: mask, Soft: true, Steps: 3, Strength: 0.9})
	if s.Err != nil {
		t.Fatal(s.Err)
	}
	changed := false
	for i, v := range s.Image.Pix {
		if i/3%64 <= 20 && v != photo.Pix[i] {
			t.Fatalf("value %d beside the mask has changed: %d from %d (%d)", i, v, photo.Pix[i], len(photo.Pix))
		}
		changed = changed || v != photo.Pix[i]
	}
	if !changed {
		t.Error("nothing has changed")
	}
}

// FuzzFit: an image of any size becomes one of the size that is asked for, and a mask of any with it.
func FuzzFit(f *testing.F) {
	f.Add(uint8(23), uint8(17), uint8(2), uint8(2), uint8(0), []byte{1, 2})
	f.Add(uint8(1), uint8(200), uint8(3), uint8(1), uint8(1), []byte{255})
	f.Fuzz(func(t *testing.T, width, height, columns, rows, fit uint8, values []byte) {
		w, h, toWidth, toHeight := 1+int(width), 1+int(height), 8*(1+int(columns%8)), 8*(1+int(rows%8))
		img := &preprocess.Image{Width: w, Height: h, Channels: 1, Pix: make([]byte, w*h)}
		alpha := make([]byte, w*h)
		for i := range img.Pix {
			if len(values) > 0 {
				img.Pix[i], alpha[i] = values[i%len(values)], values[(i/3)%len(values)]
			}
		}
		got := frameOf(Fits[int(fit)%len(Fits)], w, h, toWidth, toHeight, 8).place(img, fit > 128)
		if got.Width != toWidth || got.Height != toHeight || len(got.Pix) != toWidth*toHeight {
			t.Errorf("%dx%d to %dx%d: %dx%d", w, h, toWidth, toHeight, got.Width, got.Height)
		}
		m := MaskOf(&preprocess.Picture{Image: img, Alpha: alpha}, fit%2 == 1)
		if m.Picture.Width != w || m.Picture.Height != h || !(m.Share >= 0 && m.Share <= 1) {
			t.Errorf("%+v", m)
		}
	})
}
