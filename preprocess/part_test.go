package preprocess

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// jpegs are the golden JPEGs, sound and damaged, and some photographs.
func jpegs(t testing.TB) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{decodeDir + "/*.jpg", decodeDir + "/bad/*.jpg", "../docs/photos/*.jpg", "../../shared/images/n*.JPEG"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range found[:min(len(found), 60)] {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			files[filepath.Base(name)] = data
		}
	}
	return files
}

// TestLoadParts: the part of a JPEG that a tensor is made of gives the tensor of the whole, also of
// files that are damaged; what can't be decoded as a whole can't in part.
func TestLoadParts(t *testing.T) {
	needJPEG(t)
	files := jpegs(t)
	rng := rand.New(rand.NewPCG(18, 1))
	parts, failed := 0, 0
	for name, sound := range files {
		for try := range 12 {
			data := sound
			if try >= 4 { // a file of damages
				data = bytes.Clone(sound)
				for range 1 + rng.IntN(4) {
					data[rng.IntN(len(data))] = byte(rng.IntN(256))
				}
				if try >= 10 {
					data = data[:1+rng.IntN(len(data))]
				}
			}
			s := Spec{Width: 1 + rng.IntN(60), Height: 1 + rng.IntN(60), Channels: 1 + 2*rng.IntN(2), Layout: NCHW, Range: [2]float64{0, 1},
				Mean: []float64{0.5, 0.5, 0.5}, Std: []float64{0.5, 0.5, 0.5}, Interpolation: []Filter{Bilinear, Bicubic, Lanczos, Box}[try%4]}
			s.Mean, s.Std = s.Mean[:s.Channels], s.Std[:s.Channels]
			edge := max(s.Width, s.Height)
			s.Resize = Resize{Mode: ShortEdge, Size: edge + rng.IntN(100)}
			img, want := Decode(data, DecodeOptions{Channels: s.Channels, MaxPixels: 4_000_000})
			got := make([]byte, s.Bytes())
			_, _, err := s.Load(got, data, LoadOptions{MaxPixels: 4_000_000})
			if (err == nil) != (want == nil) {
				t.Fatalf("%s, try %d: in part %v, as a whole %v", name, try, err, want)
			}
			if want != nil {
				failed++
				continue
			}
			if s.part(img.Width, img.Height) != (region{0, 0, img.Width, img.Height}) {
				parts++
			}
			whole := make([]byte, s.Bytes())
			if err := s.Tensor(whole, img); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, whole) {
				t.Fatalf("%s, try %d: the tensors differ: %+v", name, try, s.part(img.Width, img.Height))
			}
		}
	}
	t.Logf("%d files, %d parts, %d could not be decoded", len(files), parts, failed)
	if parts < len(files) {
		t.Errorf("%d parts of %d files", parts, len(files))
	}
}

// TestIncompleteParts: of a progressive JPEG whose last scans are missing, blocks are smoothed by those beside
// them: its part is that of the whole, too.
func TestIncompleteParts(t *testing.T) {
	needJPEG(t)
	rng := rand.New(rand.NewPCG(18, 3))
	tried := 0
	for name, sound := range jpegs(t) {
		h, err := readJPEGHeader(sound)
		if err != nil || h.sequential() {
			continue
		}
		for at := h.scan + 2; ; {
			n := bytes.Index(sound[at:], []byte{0xff, 0xda})
			if n < 0 {
				break
			}
			data := append(bytes.Clone(sound[:at+n]), 0xff, 0xd9)
			at += n + 2
			for range 6 {
				s := Spec{Width: 8 + rng.IntN(12), Height: 8 + rng.IntN(12), Channels: 3, Layout: NCHW, Range: [2]float64{0, 1},
					Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Interpolation: Bicubic, Resize: Resize{Mode: ShortEdge, Size: 20 + rng.IntN(30)}}
				img, err := Decode(data, DecodeOptions{})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				want, got := make([]byte, s.Bytes()), make([]byte, s.Bytes())
				if err := s.Tensor(want, img); err != nil {
					t.Fatal(err)
				}
				if _, _, err := s.Load(got, data, LoadOptions{}); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, cut to %d bytes: %v, or another tensor", name, len(data), err)
				}
				tried++
			}
		}
	}
	if tried < 60 {
		t.Errorf("%d tried", tried)
	}
}

// BenchmarkPart compares the decoding of photographs as a whole with that of the part that a crop of 224
// pixels out of a short edge of 256 takes.
func BenchmarkPart(b *testing.B) {
	needJPEG(b)
	s := Spec{Width: 224, Height: 224, Channels: 3, Interpolation: Bicubic, Resize: Resize{Mode: ShortEdge, Size: 256}, Layout: NCHW,
		Range: [2]float64{0, 1}, Mean: []float64{0.5, 0.5, 0.5}, Std: []float64{0.5, 0.5, 0.5}}
	found, _ := filepath.Glob("../../shared/images/n*.JPEG")
	if len(found) == 0 {
		b.Skip("no photographs in ../shared/images")
	}
	var files [][]byte
	for _, name := range found {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		files = append(files, data)
	}
	for _, c := range []struct {
		name string
		part func(width, height, orientation int) region
	}{{"whole", nil}, {"part", func(width, height, _ int) region { return s.part(width, height) }}} {
		b.Run(c.name, func(b *testing.B) {
			memory := new(frame)
			for b.Loop() {
				for _, data := range files {
					if _, err := read(data, request{maxPixels: 1 << 26, memory: memory, part: c.part}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
