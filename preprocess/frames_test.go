package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"ortho/preprocess/codecs"
)

const framesDir = "testdata/frames"

type framesCase struct {
	Loop   *int
	Frames []struct {
		Width, Height int
		SHA256        string
		MS            float64
	}
}

func framesCases(t *testing.T) map[string]framesCase {
	t.Helper()
	data, err := os.ReadFile(framesDir + "/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]framesCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// rgba are a picture's pixels with alpha.
func rgba(p *Picture) []byte {
	rgb := p.WithChannels(3).Pix
	out := make([]byte, 0, len(rgb)/3*4)
	for i := range len(rgb) / 3 {
		alpha := byte(255)
		if p.Alpha != nil {
			alpha = p.Alpha[i]
		}
		out = append(append(out, rgb[3*i:3*i+3]...), alpha)
	}
	return out
}

// allFrames are the pictures of a file.
func allFrames(t *testing.T, data []byte) (all []Frame, s *Sequence) {
	t.Helper()
	p, err := DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation})
	if err != nil {
		t.Fatal(err)
	}
	if p.Sequence == nil {
		return []Frame{{Picture: p}}, nil
	}
	all = append(all, Frame{p, p.Sequence.Delay})
	for f, err := range p.Sequence.Further() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f)
	}
	return all, p.Sequence
}

// TestFrames: pictures, times and repetitions are Pillow's.
func TestFrames(t *testing.T) {
	for name, want := range framesCases(t) {
		t.Run(name, func(t *testing.T) {
			if strings.HasSuffix(name, ".webp") && webpReader().Err != nil {
				t.Skip("needs libwebpdemux")
			}
			if strings.HasSuffix(name, ".avif") && codecs.FindAVIF().Err != nil {
				t.Skip("needs libavif")
			}
			if name == "packed.tif" && findTIFF().Err != nil {
				t.Skip("needs libtiff")
			}
			data, err := os.ReadFile(framesDir + "/" + name)
			if err != nil {
				t.Fatal(err)
			}
			got, s := allFrames(t, data)
			if s == nil || s.Count != len(want.Frames) || len(got) != s.Count || s.Pages != strings.HasSuffix(name, ".tif") {
				t.Fatalf("%d pictures, want %d: %+v", len(got), len(want.Frames), s)
			}
			plays := 1
			if strings.HasSuffix(name, ".avif") {
				plays = s.Plays // of which Pillow says nothing
			}
			if want.Loop != nil {
				if plays = *want.Loop; strings.HasSuffix(name, ".gif") && plays > 0 {
					plays++
				}
			}
			if !s.Pages && s.Plays != plays {
				t.Errorf("it is shown %d times, want %d", s.Plays, plays)
			}
			for i, f := range got {
				w := want.Frames[i]
				sum := sha256.Sum256(rgba(f.Picture))
				if f.Width != w.Width || f.Height != w.Height || hex.EncodeToString(sum[:]) != w.SHA256 {
					t.Errorf("picture %d: %dx%d, other pixels", i, f.Width, f.Height)
				}
				if !s.Pages && math.Abs(float64(f.Delay)/float64(time.Millisecond)-w.MS) > 1e-6 {
					t.Errorf("picture %d: %v, want %v ms", i, f.Delay, w.MS)
				}
			}
		})
	}
}

// animated is the file of some frames.
func animated(t testing.TB, all []Frame, plays int, opt FileOptions) []byte {
	t.Helper()
	var out bytes.Buffer
	var w *FileWriter
	for i, f := range all {
		channels, pix := f.Channels, f.Pix
		if f.Alpha != nil {
			channels, pix = 4, rgba(f.Picture)
		}
		var err error
		if opt.Frames, opt.Plays, opt.Delay = len(all), plays, f.Delay; i == 0 {
			opt.Metadata = f.Metadata
			w, err = NewFileWriter(&out, f.Width, f.Height, channels, opt)
		} else {
			err = w.Next(f.Width, f.Height, channels, nil, f.Metadata, f.Delay)
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(pix); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestFramesAgain: files of several pictures are read as they were written.
func TestFramesAgain(t *testing.T) {
	for name := range framesCases(t) {
		data, err := os.ReadFile(framesDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".avif") && codecs.FindAVIF().Err != nil {
			continue
		}
		all, s := allFrames(t, data)
		if s == nil { // without a library
			continue
		}
		for _, format := range []FileFormat{PNG, WebP, TIFF} {
			if !format.Holds(s) || format == WebP && webpReader().Err != nil {
				continue
			}
			again, got := allFrames(t, animated(t, all, s.Plays, FileOptions{Format: format}))
			if len(again) != len(all) || format != TIFF && got.Plays != s.Plays {
				t.Fatalf("%s, %s: %d pictures, want %d: %+v", name, format, len(again), len(all), got)
			}
			for i, f := range again {
				if !bytes.Equal(rgba(f.Picture), rgba(all[i].Picture)) || f.Width != all[i].Width {
					t.Errorf("%s, %s: picture %d has other pixels", name, format, i)
				}
				off := time.Duration(0) // of a fraction that is no whole number of nanoseconds
				if format == WebP {
					off = time.Millisecond / 2
				}
				if d := f.Delay - all[i].Delay; format != TIFF && max(d, -d) > off {
					t.Errorf("%s, %s: picture %d is shown %v, want %v", name, format, i, f.Delay, all[i].Delay)
				}
				if s.Pages && !reflect.DeepEqual(f.Metadata, all[i].Metadata) {
					t.Errorf("%s: page %d says %+v, want %+v", name, i, f.Metadata, all[i].Metadata)
				}
			}
		}
	}
}

// framesByPillow checks files called NAME.KIND of a folder, beside each of which stands NAME.KIND.json: RGBA pixels'
// SHA-256 of each picture, milliseconds and repetitions.
const framesByPillow = `
import hashlib, json, os, sys
from PIL import Image
folder = sys.argv[1]
for file in sorted(os.listdir(folder)):
    if file.endswith(".json"): continue
    want = json.load(open(os.path.join(folder, file + ".json")))
    with Image.open(os.path.join(folder, file)) as image:
        if image.n_frames != len(want["sums"]): sys.exit(f"{file}: {image.n_frames} pictures, not {len(want['sums'])}")
        for i, (sum, ms) in enumerate(zip(want["sums"], want["ms"])):
            image.seek(i)
            if hashlib.sha256(image.convert("RGBA").tobytes()).hexdigest() != sum: sys.exit(f"{file}: picture {i} has other pixels")
            if not file.endswith(".tif") and abs(image.info["duration"] - ms) > (0.5 if file.endswith(".webp") else 1e-5): sys.exit(f"{file}: picture {i} is shown {image.info['duration']} ms, not {ms}")
        if not file.endswith(".tif") and image.info["loop"] != want["plays"]: sys.exit(f"{file}: loop {image.info['loop']}")
    print(file)
`

func TestFramesByPillow(t *testing.T) {
	python, folder := pillowPython(t), t.TempDir()
	count := 0
	for name := range framesCases(t) {
		data, err := os.ReadFile(framesDir + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".avif") && codecs.FindAVIF().Err != nil {
			continue
		}
		all, s := allFrames(t, data)
		if s == nil {
			continue
		}
		want := map[string]any{"plays": s.Plays}
		var sums []string
		var ms []float64
		for _, f := range all {
			sum := sha256.Sum256(rgba(f.Picture))
			sums, ms = append(sums, hex.EncodeToString(sum[:])), append(ms, float64(f.Delay)/float64(time.Millisecond))
		}
		want["sums"], want["ms"] = sums, ms
		told, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		for format, ending := range map[FileFormat]string{PNG: ".png", WebP: ".webp", TIFF: ".tif"} {
			if !format.Holds(s) {
				continue
			}
			count++
			for file, data := range map[string][]byte{name + ending: animated(t, all, s.Plays, FileOptions{Format: format}), name + ending + ".json": told} {
				if err := os.WriteFile(filepath.Join(folder, file), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	out, err := exec.Command(python, "-c", framesByPillow, folder).CombinedOutput()
	if err != nil || bytes.Count(out, []byte("\n")) != count {
		t.Fatalf("%v: %s", err, out)
	}
}

// TestFramesRefused: what is no such file is told.
func TestFramesRefused(t *testing.T) {
	m := sketch(6, 5, 3)
	begin := func(format FileFormat, frames int) (*FileWriter, error) {
		return NewFileWriter(new(bytes.Buffer), 6, 5, 3, FileOptions{Format: format, Frames: frames})
	}
	if _, err := begin(JPEG, 2); err == nil || !strings.Contains(err.Error(), "one picture") {
		t.Errorf("JPEG: %v", err)
	}
	for says, use := range map[string]func(*FileWriter) error{
		"lacks its last 5 rows":     func(w *FileWriter) error { return w.Next(6, 5, 3, nil, Metadata{}, 0) },
		"a picture of 7x5":          func(w *FileWriter) error { w.Write(m.Pix); return w.Next(7, 5, 3, nil, Metadata{}, 0) },
		"lacks its last 1 pictures": func(w *FileWriter) error { w.Write(m.Pix); return w.Close() },
		"of 2": func(w *FileWriter) error {
			for range 2 {
				w.Write(m.Pix)
				if err := w.Next(6, 5, 4, nil, Metadata{}, 0); err != nil {
					return err
				}
				w.Write(sketch(6, 5, 4).Pix)
			}
			return nil
		},
	} {
		w, err := begin(PNG, 2)
		if err != nil {
			t.Fatal(err)
		}
		if err := use(w); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
}

// FuzzFrames: damaged animations end with an error, and what comes before it has the size of the first.
func FuzzFrames(f *testing.F) {
	addFiles(f)
	names, _ := filepath.Glob(framesDir + "/*.*")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data, uint8(0))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, _ uint8) {
		p, err := DecodePicture(data, DecodeOptions{MaxPixels: 1 << 12})
		if err != nil || p.Sequence == nil {
			return
		}
		number := 1
		for one, err := range p.Sequence.Further() {
			if err != nil || number > 50 {
				return
			}
			if number++; len(one.Pix) != one.Width*one.Height*one.Channels || !p.Sequence.Pages && (one.Width != p.Width || one.Height != p.Height) {
				t.Fatalf("picture %d: %dx%d", number, one.Width, one.Height)
			}
		}
		if number != p.Sequence.Count {
			t.Fatalf("%d pictures of %d", number, p.Sequence.Count)
		}
	})
}
