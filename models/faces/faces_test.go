package faces

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"os"
	"testing"

	"ortho/preprocess"
)

// goldens are testdata/faces.json, by scripts/goldens/faces.py.
type goldens struct {
	Cases []struct {
		Name    string
		Scale   float64
		Points  []Points
		Maps    [][6]float64
		Aligned []string
	}
	Many [][2][]float64
}

func readGoldens(t *testing.T) (g goldens) {
	t.Helper()
	data, err := os.ReadFile("testdata/faces.json")
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func picture(t *testing.T, name string) *preprocess.Image {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	img, err := preprocess.Decode(data, preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// near holds a map against OpenCV's: no corner of a face is a hundredth of a pixel from where that has it.
func near(t *testing.T, name string, got preprocess.Affine, want []float64) {
	t.Helper()
	a, b := got.Inverse(), preprocess.Affine(want).Inverse()
	for _, c := range [][2]float64{{0, 0}, {512, 0}, {0, 512}, {512, 512}} {
		x, y := a.At(c[0], c[1])
		u, v := b.At(c[0], c[1])
		if !(math.Hypot(x-u, y-v) < 0.01) {
			t.Errorf("%s: %v, want %v: a corner is %v pixels off", name, got, want, math.Hypot(x-u, y-v))
			return
		}
	}
}

// pattern is that of the script.
func pattern(k int) *preprocess.Image {
	img := &preprocess.Image{Width: Size, Height: Size, Channels: 3, Pix: make([]byte, 3*Size*Size)}
	for i := range img.Pix {
		x, y, c := i/3%Size, i/3/Size, i%3
		img.Pix[i] = byte(x/2 + y/3 + 40*c + 90*k)
	}
	return img
}

// differ counts bytes that are off by more than 1, and by 1.
func differ(a, b *preprocess.Image) (far, off int) {
	if a.Width != b.Width || a.Height != b.Height {
		return len(a.Pix), 0
	}
	for i := range a.Pix {
		switch d := int(a.Pix[i]) - int(b.Pix[i]); {
		case d > 1 || d < -1:
			far++
		case d != 0:
			off++
		}
	}
	return far, off
}

// TestFacexlib: faces are aligned and pasted as facexlib does it.
func TestFacexlib(t *testing.T) {
	g := readGoldens(t)
	for _, c := range g.Cases {
		img := picture(t, "photo.png")
		var all []Restored
		for k, points := range c.Points {
			m, err := Align(points)
			if err != nil {
				t.Fatal(err)
			}
			near(t, c.Name, m, c.Maps[k][:])
			face := Cut(img, m)
			want, err := base64.StdEncoding.DecodeString(c.Aligned[k])
			if err != nil {
				t.Fatal(err)
			}
			off := 0
			for i, v := range want {
				got := face.Pix[3*((i/3/32)*16*Size+i/3%32*16)+i%3]
				if d := int(got) - int(v); d > 1 || d < -1 {
					t.Fatalf("%s: aligned: %d, want %d", c.Name, got, v)
				} else if d != 0 {
					off++
				}
			}
			if off > len(want)/200 {
				t.Errorf("%s: %d of %d values of the aligned face are off by 1", c.Name, off, len(want))
			}
			all = append(all, Restored{pattern(k), m})
		}
		whole := img
		if n := int(c.Scale); n > 1 {
			whole = &preprocess.Image{Width: n * img.Width, Height: n * img.Height, Channels: 3, Pix: make([]byte, n*n*len(img.Pix))}
			for i := range whole.Pix {
				x, y := i/3%whole.Width/n, i/3/whole.Width/n
				whole.Pix[i] = img.Pix[3*(y*img.Width+x)+i%3]
			}
		}
		before := whole.Crop(0, 0, whole.Width, whole.Height)
		Paste(whole, all, c.Scale)
		want := picture(t, c.Name+".png")
		far, off := differ(whole, want)
		t.Logf("%s: %d of %d bytes are off by 1", c.Name, off, len(want.Pix))
		if far > 0 || off > len(want.Pix)/5000 {
			t.Errorf("%s: %d bytes are off by more than 1, %d by 1, of %d", c.Name, far, off, len(want.Pix))
		}
		for i := range whole.Pix { // what facexlib leaves as it is stays
			if want.Pix[i] == before.Pix[i] && whole.Pix[i] != before.Pix[i] && !nearMask(want, before, i) {
				t.Errorf("%s: byte %d is %d, and was %d", c.Name, i, whole.Pix[i], before.Pix[i])
				break
			}
		}
	}
	for i, m := range g.Many {
		var points Points
		for k := range points {
			points[k] = [2]float32{float32(m[0][2*k]), float32(m[0][2*k+1])}
		}
		got, err := Align(points)
		if err != nil {
			t.Fatal(err)
		}
		near(t, string(rune('0'+i%10)), got, m[1])
	}
}

// nearMask reports whether a byte's neighbours are of a face: there one may be the same by chance.
func nearMask(a, b *preprocess.Image, i int) bool {
	for d := -6; d <= 6; d++ {
		if at := i + d*3*a.Width; at >= 12 && at+12 < len(a.Pix) {
			for e := -12; e <= 12; e++ {
				if a.Pix[at+e] != b.Pix[at+e] {
					return true
				}
			}
		}
	}
	return false
}

// TestAlignNothing: points that give no place are refused.
func TestAlignNothing(t *testing.T) {
	nan := float32(math.NaN())
	inf := float32(math.Inf(1))
	for _, p := range []Points{{}, {{3, 3}, {3, 3}, {3, 3}, {3, 3}, {3, 3}}, {{nan, nan}, {nan, nan}, {nan, nan}, {nan, nan}, {nan, nan}}, {{inf, 0}, {0, inf}, {inf, inf}, {-inf, 0}, {1, 2}}} {
		if m, err := Align(p); err == nil {
			t.Errorf("%v: %v", p, m)
		}
	}
}

func FuzzPaste(f *testing.F) {
	f.Add(float32(10), float32(10), float32(30), float32(12), float32(20), float32(40), uint8(40), uint8(30))
	f.Add(float32(-1e9), float32(3), float32(1e9), float32(2), float32(1e-9), float32(4), uint8(1), uint8(200))
	face := pattern(0)
	f.Fuzz(func(t *testing.T, x1, y1, x2, y2, x3, y3 float32, width, height uint8) {
		m, err := Align(Points{{x1, y1}, {x2, y2}, {x3, y3}, {x1 + 1, y3}, {x2, y3 + 1}})
		if err != nil || width == 0 || height == 0 {
			return
		}
		img := &preprocess.Image{Width: int(width), Height: int(height), Channels: 3, Pix: make([]byte, 3*int(width)*int(height))}
		Cut(img, m)
		Paste(img, []Restored{{face, m}, {face, m}}, 1)
		Paste(img, []Restored{{face, m}}, 2.5)
	})
}
