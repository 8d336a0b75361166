package preprocess

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// load is Decode, then Tensor.
func load(t *testing.T, s *Spec, data []byte) []byte {
	t.Helper()
	img, err := Decode(data, DecodeOptions{Channels: s.Channels, Orientation: s.Orientation})
	if err != nil {
		t.Fatal(err)
	}
	return tensor(t, s, img)
}

func tensor(t *testing.T, s *Spec, img *Image) []byte {
	t.Helper()
	dst := make([]byte, s.Bytes())
	if err := s.Tensor(dst, img); err != nil {
		t.Fatal(err)
	}
	return dst
}

func pixelSpec(edge, channels int, o Orientation) *Spec {
	return &Spec{Height: edge, Width: edge, Channels: channels, Interpolation: Bicubic, Resize: Resize{Mode: ShortEdge, Size: edge}, Range: [2]float64{0, 255},
		Mean: make([]float64, channels), Std: []float64{1, 1, 1}[:channels], Type: Uint8, Layout: NHWC, Orientation: o}
}

// Memory that is used again must not show.
func TestLoadIsDecodeAndTensor(t *testing.T) {
	eachJPEGDecoder(t, func(t *testing.T, _ bool) {
		for _, file := range goldenFiles(t) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []*Spec{pixelSpec(9, 3, IgnoreOrientation), pixelSpec(9, 1, ApplyOrientation)} {
				got := make([]byte, s.Bytes())
				width, height, err := s.Load(got, data, LoadOptions{})
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				img, err := Decode(data, DecodeOptions{Orientation: s.Orientation})
				if err != nil || width != img.Width || height != img.Height {
					t.Errorf("%s: %dx%d, want %dx%d; %v", file, width, height, img.Width, img.Height, err)
				}
				if !bytes.Equal(got, load(t, s, data)) {
					t.Errorf("%s: not what Decode and Tensor give", file)
				}
			}
		}
	})
}

// TestLoadScaled is against Pillow's draft of the same file.
func TestLoadScaled(t *testing.T) {
	needJPEG(t)
	drafts, err := filepath.Glob(decodeDir + "/*.draft?.ppm")
	if err != nil || len(drafts) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, draft := range drafts {
		file, by, _ := strings.Cut(strings.TrimSuffix(draft, ".ppm"), ".draft")
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		want := readNetpbm(t, draft)
		pic, err := read(data, request{shrink: func(int, int, int) int { return int(by[0] - '0') }})
		if err != nil {
			t.Fatalf("%s: %v", draft, err)
		}
		if mean, most := difference(t, pic.as(3, IgnoreOrientation), want); most != 0 {
			t.Errorf("%s: differs by %.3f on average, %d at most", draft, mean, most)
		}
		if whole := readNetpbm(t, file+".ppm"); pic.width != whole.Width || pic.height != whole.Height {
			t.Errorf("%s: the file's size is %dx%d, not %dx%d", draft, whole.Width, whole.Height, pic.width, pic.height)
		}
	}
	// And from end to end: 47x50 to 11x11 is decoded by 2, to 12x12 whole.
	data, err := os.ReadFile(decodeDir + "/jpeg-420-47x50.jpg")
	if err != nil {
		t.Fatal(err)
	}
	for edge, from := range map[int]string{11: ".draft2.ppm", 12: ".ppm", 2: ".draft8.ppm"} {
		s := pixelSpec(edge, 3, IgnoreOrientation)
		got := make([]byte, s.Bytes())
		if width, height, err := s.Load(got, data, LoadOptions{Scaled: true}); err != nil || width != 47 || height != 50 {
			t.Errorf("%d: %dx%d, %v", edge, width, height, err)
		}
		if !bytes.Equal(got, tensor(t, s, readNetpbm(t, decodeDir+"/jpeg-420-47x50.jpg"+from))) {
			t.Errorf("to %d pixels: not from Pillow's %s", edge, from)
		}
	}
}

func TestShrink(t *testing.T) {
	short := func(edge int, o Orientation) Spec {
		return Spec{Resize: Resize{Mode: ShortEdge, Size: edge}, Orientation: o}
	}
	for _, c := range []struct {
		spec                           Spec
		width, height, orientation, by int
	}{
		{short(256, IgnoreOrientation), 4000, 3000, 1, 4}, // Pillow's draft to 512x512
		{short(256, IgnoreOrientation), 1024, 1024, 1, 2}, {short(256, IgnoreOrientation), 1023, 1024, 1, 1}, {short(256, IgnoreOrientation), 500, 375, 1, 1},
		{short(100, IgnoreOrientation), 1600, 1600, 1, 8}, {short(100, ApplyOrientation), 1600, 2000, 6, 8},
		{Spec{Resize: Resize{Mode: Exact, Height: 50, Width: 400}}, 1600, 1600, 6, 2},
		{Spec{Resize: Resize{Mode: Exact, Height: 50, Width: 400}, Orientation: ApplyOrientation}, 400, 1600, 6, 2},
		{Spec{}, 4000, 3000, 1, 1}, // no resize: the crop is of the image as it is
	} {
		if by := c.spec.shrink(c.width, c.height, c.orientation); by != c.by {
			t.Errorf("%+v of %dx%d, orientation %d: by %d, want %d", c.spec.Resize, c.width, c.height, c.orientation, by, c.by)
		}
	}
}

// baseline is a small JPEG, where its frame header stands, and that header.
func baseline(t *testing.T) (data []byte, frame int, segment []byte) {
	t.Helper()
	data, err := os.ReadFile(decodeDir + "/jpeg-420-16x16.jpg")
	if err != nil {
		t.Fatal(err)
	}
	frame = bytes.Index(data, []byte{0xff, 0xc0})
	return data, frame, data[frame : frame+2+int(be16(data[frame+2:]))]
}

// A file whose two headers disagree must not show the pixels of an earlier one.
func TestTurboTwoHeaders(t *testing.T) {
	needJPEG(t)
	data, frame, segment := baseline(t)
	other := bytes.Clone(segment)
	other[6] = 32
	for _, two := range [][]byte{
		bytes.Join([][]byte{data[:frame], other, data[frame:]}, nil),
		bytes.Join([][]byte{data[:frame+len(segment)], other, data[frame+len(segment):]}, nil),
	} {
		if _, err := Decode(two, DecodeOptions{}); err == nil {
			t.Error("two frame headers: no error")
		}
	}
}

// An error behind all the pixels, and behind a warning, is an error, as in Pillow; and a
// marker among the pixels is not the file's end.
func TestTurboErrorAfterWarning(t *testing.T) {
	needJPEG(t)
	data, _, segment := baseline(t)
	end := len(data) - 2
	if _, err := Decode(bytes.Join([][]byte{data[:end], {0, 0, 0}, segment, data[end:]}, nil), DecodeOptions{}); err == nil {
		t.Error("a second frame header behind the scan: no error")
	}
	if _, err := Decode(bytes.Join([][]byte{data[:end], {0, 0, 0}, data[end:]}, nil), DecodeOptions{}); err != nil {
		t.Errorf("extraneous bytes: %v", err)
	}
	broken := bytes.Clone(data)
	broken[end-8], broken[end-7] = 0xff, 0xe5
	if _, err := Decode(broken, DecodeOptions{}); err != nil {
		t.Errorf("a marker within the scan: %v", err)
	}
}

func BenchmarkLoad(b *testing.B) {
	files, err := filepath.Glob("../../shared/images/n*.JPEG")
	if err != nil || len(files) == 0 {
		b.Skip("no photographs in ../shared/images")
	}
	var photos [][]byte
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			b.Fatal(err)
		}
		photos = append(photos, data)
	}
	half := []float64{0.5, 0.5, 0.5}
	s := Spec{Height: 224, Width: 224, Channels: 3, Interpolation: Bicubic, Range: [2]float64{0, 1}, Mean: half, Std: half, Resize: Resize{Mode: ShortEdge, Size: 256}}
	dst := make([]byte, s.Bytes())
	for _, scaled := range []bool{false, true} {
		b.Run(fmt.Sprintf("scaled=%v", scaled), func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, _, err := s.Load(dst, photos[i%len(photos)], LoadOptions{Scaled: scaled}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzLoad: whatever the file is, Load fails where Decode does, and gives what Decode
// and Tensor give; scaled, it fails no oftener.
func FuzzLoad(f *testing.F) {
	for _, file := range goldenFiles(f) {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, uint8(3), uint8(len(data)))
	}
	f.Fuzz(func(t *testing.T, data []byte, edge, choice uint8) {
		const limit = 1_000_000
		s := pixelSpec(1+int(edge), 1+int(choice&2), Orientation(choice&1))
		exact, scaled := make([]byte, s.Bytes()), make([]byte, s.Bytes())
		img, want := Decode(data, DecodeOptions{Channels: s.Channels, Orientation: s.Orientation, MaxPixels: limit})
		if img != nil && max(img.Width, img.Height) > 1000*min(img.Width, img.Height) {
			return // resized, the long edge is beyond all that is supported
		}
		if _, _, err := s.Load(exact, data, LoadOptions{MaxPixels: limit}); (err == nil) != (want == nil) {
			t.Fatalf("Load: %v; Decode: %v", err, want)
		}
		if want != nil {
			return
		}
		if !bytes.Equal(exact, tensor(t, s, img)) {
			t.Fatal("not what Decode and Tensor give")
		}
		if _, _, err := s.Load(scaled, data, LoadOptions{MaxPixels: limit, Scaled: true}); err != nil {
			t.Fatalf("scaled: %v", err)
		}
	})
}

// TestUnturned: images are counted that are turned in another spec.
func TestUnturned(t *testing.T) {
	for _, file := range goldenFiles(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pic, err := read(data, request{})
		if err != nil {
			t.Fatal(err)
		}
		var count atomic.Int64
		for _, o := range []Orientation{ApplyOrientation, IgnoreOrientation} {
			s := pixelSpec(9, 3, o)
			if _, _, err := s.Load(make([]byte, s.Bytes()), data, LoadOptions{Unturned: &count}); err != nil {
				t.Fatal(err)
			}
		}
		if lies := pic.orientation > 1 && pic.orientation < 9 && !pic.upright; (count.Load() == 1) != lies || count.Load() > 1 {
			t.Errorf("%s: orientation %d, counted %d", file, pic.orientation, count.Load())
		}
	}
}
