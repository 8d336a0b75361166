package preprocess

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

const metadataDir = "testdata/metadata"

// metadataFiles are the names and the pictures of the files that can be read here.
func metadataFiles(t *testing.T) map[string]*Picture {
	t.Helper()
	all := map[string]*Picture{}
	names, err := filepath.Glob(metadataDir + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".json") || strings.HasSuffix(name, ".avif") && codecs.FindAVIF().Err != nil {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if all[filepath.Base(name)], err = DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return all
}

// TestMetadata: texts and resolutions are those that Pillow reads; orientations are 1, and nothing is left of
// thumbnails.
func TestMetadata(t *testing.T) {
	data, err := os.ReadFile(metadataDir + "/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases map[string]struct {
		Orientation int
		DPI         []float64
		Text        map[string]string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	rest := map[string][]string{"old.jpg": {"IPTC"}, "after.png": {"text"}, "little.tif": {"private tags"}, "big.tif": {"private tags"}}
	for name, p := range metadataFiles(t) {
		m, want := p.Metadata, cases[name]
		if want.Orientation == 6 && len(want.DPI) == 2 { // columns are rows now
			want.DPI[0], want.DPI[1] = want.DPI[1], want.DPI[0]
		}
		if r := m.Resolution; want.DPI != nil && (r.Ratio || math.Abs(r.X-want.DPI[0])+math.Abs(r.Y-want.DPI[1]) > 1e-9) {
			t.Errorf("%s: %+v, want %v", name, r, want.DPI)
		}
		for _, text := range m.Text {
			if v, ok := want.Text[text[0]]; want.Text != nil && (!ok || v != text[1]) {
				t.Errorf("%s: %q, want %q", name, text, v)
			}
			delete(want.Text, text[0])
		}
		delete(want.Text, rawProfile)
		delete(want.Text, pngXMP)
		delete(want.Text, "Source") // which is broken, and empty to Pillow
		if len(want.Text) > 0 {
			t.Errorf("%s: it has %q, too", name, want.Text)
		}
		if !slices.Equal(m.Rest, rest[name]) {
			t.Errorf("%s: %q is left, want %q", name, m.Rest, rest[name])
		}
		if want.Orientation == 6 && m.EXIF == nil && m.XMP == nil || orientationOf(m.EXIF, nil) > 1 || orientationOf(nil, m.XMP) > 1 {
			t.Errorf("%s: orientation", name)
		}
		if bytes.Contains(m.EXIF, []byte("thumbnail")) || bytes.Contains(m.XMP, []byte("old picture")) {
			t.Errorf("%s: there is a thumbnail", name)
		}
	}
	if r := metadataFiles(t)["ratio.jpg"].Metadata.Resolution; r != (Resolution{4, 3, true}) {
		t.Errorf("ratio.jpg: %+v", r)
	}
	data, err = os.ReadFile(metadataDir + "/little.jpg")
	if err != nil {
		t.Fatal(err)
	}
	if p, err := DecodePicture(data, DecodeOptions{}); err != nil || orientationOf(p.Metadata.EXIF, nil) != 6 || orientationOf(nil, p.Metadata.XMP) != 6 {
		t.Errorf("an orientation that was not followed is not kept: %v", err)
	}
}

// TestMetadataFor: what formats can't hold is named.
func TestMetadataFor(t *testing.T) {
	inch := Resolution{X: 72, Y: 72}
	exif := Metadata{EXIF: bytes.Repeat([]byte("x"), jpegSegment-6)}
	for i, c := range []struct {
		m    Metadata
		lost map[FileFormat][]string
	}{
		{Metadata{}, nil},
		{exif, nil},
		{Metadata{EXIF: append(exif.EXIF, 0)}, map[FileFormat][]string{JPEG: {"EXIF"}}},
		{Metadata{XMP: make([]byte, 65503)}, map[FileFormat][]string{JPEG: {"XMP"}}},
		{Metadata{Resolution: inch}, map[FileFormat][]string{WebP: {"resolution"}}},
		{Metadata{Resolution: Resolution{X: 0.2, Y: 0.2}}, map[FileFormat][]string{WebP: {"resolution"}, JPEG: {"resolution"}}},
		{Metadata{Text: [][2]string{{"Comment", "a"}}}, map[FileFormat][]string{WebP: {"text"}, TIFF: {"text"}}},
		{Metadata{Text: [][2]string{{"Author", "a"}}}, map[FileFormat][]string{WebP: {"text"}, JPEG: {"text"}}},
		{Metadata{Text: [][2]string{{"Author", "ä"}}}, map[FileFormat][]string{WebP: {"text"}, JPEG: {"text"}, TIFF: {"text"}}},
		{Metadata{Rest: []string{"IPTC"}}, map[FileFormat][]string{PNG: {"IPTC"}, WebP: {"IPTC"}, JPEG: {"IPTC"}, TIFF: {"IPTC"}}},
	} {
		for _, format := range []FileFormat{PNG, JPEG, WebP, TIFF} {
			if _, lost := c.m.For(format); !slices.Equal(lost, c.lost[format]) {
				t.Errorf("%d, %s: %q, want %q", i, format, lost, c.lost[format])
			}
		}
	}
}

// TestMetadataAgain: what is written is read again, and files stay as they are the second time.
func TestMetadataAgain(t *testing.T) {
	for name, p := range metadataFiles(t) {
		for _, format := range []FileFormat{PNG, JPEG, WebP, TIFF} {
			m := p.Image
			held, _ := p.Metadata.For(format)
			data := written(t, m, 5, FileOptions{Format: format, Metadata: p.Metadata, Text: [][2]string{{"Software", "ortho"}}})
			again, err := DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation})
			if err != nil {
				t.Fatal(err)
			}
			got := again.Metadata
			if len(got.Rest) > 0 || (got.XMP == nil) != (held.XMP == nil) {
				t.Errorf("%s, %s: %+v", name, format, got)
			}
			if r, w := got.Resolution, held.Resolution; w != (Resolution{}) && format != WebP && (r.Ratio != w.Ratio || math.Abs(r.X-w.X) > 0.5 || math.Abs(r.Y-w.Y) > 0.5) {
				t.Errorf("%s, %s: %+v, want %+v", name, format, r, w)
			}
			if format == PNG {
				count := 0
				for _, text := range got.Text {
					if text[0] == "Software" {
						count++
					}
				}
				if count != 1 {
					t.Errorf("%s: %d times Software: %q", name, count, got.Text)
				}
			}
			data = written(t, m, 5, FileOptions{Format: format, Metadata: got})
			if third, err := DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation}); err != nil || !reflect.DeepEqual(third.Metadata, got) {
				t.Errorf("%s, %s: %v, %+v, want %+v", name, format, err, third.Metadata, got)
			}
		}
	}
}

// TestPrivateKeywords: keywords that PNG does not allow are no error, and are named.
func TestPrivateKeywords(t *testing.T) {
	m := build(3, 2, 1, func(x, y, c int) byte { return 7 })
	data := written(t, m, 2, FileOptions{Format: PNG, Text: [][2]string{{"Title", "a"}}})
	data = bytes.Replace(data, []byte("Title\x00a"), []byte(" Titl\x00a"), 1)
	for _, chunk := range []string{"tEXt"} { // whose checksum is to be right
		at := bytes.Index(data, []byte(chunk))
		var out bytes.Buffer
		if err := (&pngChunks{Writer: &out}).chunk(chunk, data[at+4:at+4+7]); err != nil {
			t.Fatal(err)
		}
		copy(data[at-4:], out.Bytes())
	}
	p, err := DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation})
	if err != nil || len(p.Metadata.Text) > 0 || !slices.Equal(p.Metadata.Rest, []string{"text"}) {
		t.Errorf("%v, %+v", err, p.Metadata)
	}
}

// metadataByPillow compares what Pillow reads of each input with what it reads of the files made of it, which
// are called INPUT.to.FORMAT and are twice as large.
const metadataByPillow = `
import os, sys
from xml.etree import ElementTree
from PIL import Image
inputs, folder = sys.argv[1:]
IFD = {0x8769: "camera", 0x8825: "GPS", 0xA005: "interop"}
STORED = {254, 256, 257, 258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339, 274, 282, 283, 296, 305, 700, 34675, 65000} | set(IFD)
def read(image):
    exif = image.getexif()
    found = {"first": {k: v for k, v in exif.items() if k not in STORED}}
    for tag, name in IFD.items():
        found[name] = {k: v for k, v in exif.get_ifd(tag).items() if k not in (40962, 40963, 0xA005)}
        for size, k in zip(image.size, (40962, 40963)):
            if exif.get_ifd(tag).get(k, size) != size and ".to." in image.filename: sys.exit(f"{image.filename}: it says {exif.get_ifd(tag)[k]}, and not {size}")
    if ".to." in image.filename:
        if exif.get(274, 1) != 1: sys.exit(f"{image.filename}: orientation {exif[274]}")
        if exif.get(256, image.width) != image.width or exif.get(257, image.height) != image.height: sys.exit(f"{image.filename}: an old size")
        if exif.get_ifd(1): sys.exit(f"{image.filename}: a thumbnail")
    return found
for file in sorted(os.listdir(folder)):
    name, kind = file.split(".to.")
    was, now = Image.open(os.path.join(inputs, name)), Image.open(os.path.join(folder, file))
    old, new = read(was), read(now)
    was.load(), now.load()
    if kind in ("tif",): # texts that have tags are among them
        for tag, key in {269: "Title", 270: "Description", 315: "Author", 33432: "Copyright"}.items():
            if tag not in old["first"] and getattr(was, "text", {}).get(key, "\xff").isascii(): old["first"][tag] = was.text[key]
    if old != new: sys.exit(f"{file}: {new}, want {old}")
    if "dpi" in was.info and kind in ("png", "jpg", "tif"):
        if any(abs(float(a) - float(b)) > (0.5 if kind == "jpg" else 0.02) for a, b in zip(was.info["dpi"], now.info["dpi"])): sys.exit(f"{file}: {now.info['dpi']}, want {was.info['dpi']}")
    if kind == "png":
        for key, text in getattr(was, "text", {}).items():
            if key.startswith(("Raw ", "XML:")) or key in ("Source",): continue
            if now.text.get(key) != ("ours" if key == "Software" else text): sys.exit(f"{file}: {key} is {now.text.get(key)!r}, want {text!r}")
    xmp = lambda image: image.info.get("xmp") or (image.tag_v2.get(700) if hasattr(image, "tag_v2") else None)
    if bool(xmp(was)) != bool(xmp(now)): sys.exit(f"{file}: XMP {xmp(now)!r}")
    if xmp(now):
        for say in (b'tiff:Orientation="1"', f'exif:PixelXDimension="{now.width}"'.encode(), f"<exif:PixelYDimension>{now.height}<".encode()):
            if say not in xmp(now): sys.exit(f"{file}: no {say} in {xmp(now)}")
        ElementTree.fromstring(xmp(now))
    print(file)
`

func TestMetadataByPillow(t *testing.T) {
	python, folder := pillowPython(t), t.TempDir()
	count := 0
	for name, p := range metadataFiles(t) {
		for format, ending := range map[FileFormat]string{PNG: "png", JPEG: "jpg", WebP: "webp", TIFF: "tif"} {
			m := sketch(66, 34, 3)
			data := written(t, m, 7, FileOptions{Format: format, Metadata: p.Metadata, Text: [][2]string{{"Software", "ours"}}})
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%s.to.%s", name, ending)), data, 0o600); err != nil {
				t.Fatal(err)
			}
			count++
		}
	}
	out, err := exec.Command(python, "-c", metadataByPillow, metadataDir, folder).CombinedOutput()
	if err != nil || bytes.Count(out, []byte("\n")) != count {
		t.Fatalf("%v: %s", err, out)
	}
}

// FuzzMetadata: what damaged files say is written so that it is read again.
func FuzzMetadata(f *testing.F) {
	addFiles(f)
	names, _ := filepath.Glob(metadataDir + "/*.*")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil {
			f.Add(data, uint8(1))
		}
	}
	m := build(3, 2, 1, func(x, y, c int) byte { return byte(x * y) })
	f.Fuzz(func(t *testing.T, data []byte, which uint8) {
		exifOfTIFF(data)
		if clean := cleanEXIF(data, true); orientationOf(clean, nil) > 1 || clean != nil && sizedEXIF(clean, 9, 9) == nil {
			t.Fatalf("%q", clean)
		}
		p, err := DecodePicture(data, DecodeOptions{Orientation: ApplyOrientation, MaxPixels: 1 << 16})
		if err != nil {
			return
		}
		format := []FileFormat{PNG, JPEG, WebP, TIFF}[which%4]
		file := written(t, m, 2, FileOptions{Format: format, Metadata: p.Metadata})
		again, err := DecodePicture(file, DecodeOptions{Orientation: ApplyOrientation})
		if err != nil {
			t.Fatalf("%s: %v of %.999q", format, err, fmt.Sprint(p.Metadata))
		}
		if len(again.Metadata.EXIF) > len(p.Metadata.EXIF)+1<<12 || orientationOf(again.Metadata.EXIF, nil) > 1 {
			t.Fatalf("%s: %.999q", format, fmt.Sprint(again.Metadata, p.Metadata))
		}
	})
}
