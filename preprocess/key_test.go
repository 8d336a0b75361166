package preprocess

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"testing"
)

// TestColourKey holds what transformers 5.24's CLIPImageProcessorPil, with do_convert_rgb,
// makes of images that load_image has read.
func TestColourKey(t *testing.T) {
	at := image.Rect(0, 0, 3, 1)
	palette := color.Palette{color.RGBA{0, 0, 0, 255}, color.RGBA{9, 8, 7, 255}, color.RGBA{0, 0, 0, 255}, color.RGBA{5, 5, 5, 255}}
	paletted := &image.Paletted{Pix: []byte{0, 1, 2}, Stride: 3, Rect: at, Palette: palette}
	gray := &image.Gray{Pix: []byte{0, 1, 40}, Stride: 3, Rect: at}
	colours := &image.RGBA{Pix: []byte{1, 2, 3, 255, 1, 2, 4, 255, 1, 2, 3, 255}, Stride: 12, Rect: at}
	white := [3]uint8{255, 255, 255}
	same := func(v uint8) [3]uint8 { return [3]uint8{v, v, v} }
	for _, c := range []struct {
		name string
		file []byte
		want [3][3]uint8
	}{
		{"palette", keyedPNG(t, paletted, 255, 0), [3][3]uint8{{}, white, {}}},
		{"palette, a colour that is there twice", keyedPNG(t, paletted, 0), [3][3]uint8{white, {9, 8, 7}, white}},
		{"palette, several", keyedPNG(t, paletted, 0, 0), [3][3]uint8{{}, {9, 8, 7}, {}}},
		{"palette, in part", keyedPNG(t, paletted, 255, 128), [3][3]uint8{{}, {9, 8, 7}, {}}},
		{"palette, all opaque", keyedPNG(t, paletted, 255), [3][3]uint8{{}, {9, 8, 7}, {}}},
		{"gray", keyedPNG(t, gray, 0, 40), [3][3]uint8{{}, same(1), white}},
		{"colours", keyedPNG(t, colours, 0, 1, 0, 2, 0, 3), [3][3]uint8{white, {1, 2, 4}, white}},
		{"no key", keyedPNG(t, colours), [3][3]uint8{{1, 2, 3}, {1, 2, 4}, {1, 2, 3}}},
		{"gif", keyedGIF(t, paletted, 1), [3][3]uint8{{}, white, {}}},
		{"gif, a colour that is there twice", keyedGIF(t, paletted, 2), [3][3]uint8{white, {9, 8, 7}, white}},
		{"gif, opaque", keyedGIF(t, paletted, -1), [3][3]uint8{{}, {9, 8, 7}, {}}},
	} {
		spec := Spec{Height: 1, Width: 3, Channels: 3, Range: [2]float64{0, 255}, Mean: make([]float64, 3), Std: []float64{1, 1, 1}, Layout: NHWC, Type: Uint8, KeyWhite: true}
		var got [3][3]uint8
		dst := make([]byte, spec.Bytes())
		if _, _, err := spec.Load(dst, c.file, LoadOptions{}); err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i := range got {
			got[i] = [3]uint8(dst[3*i:])
		}
		if got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		spec.KeyWhite = false
		if _, _, err := spec.Load(dst, c.file, LoadOptions{}); err != nil || bytes.Contains(dst, white[:]) {
			t.Errorf("%s, without KeyWhite: %v, %v", c.name, dst, err)
		}
	}
}

// FuzzColourKey holds that no file makes it panic.
func FuzzColourKey(f *testing.F) {
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x01\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01tRNS\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, file []byte) { colourKey(file) })
}

// keyedPNG is a PNG with a tRNS chunk.
func keyedPNG(t *testing.T, m image.Image, trns ...byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	if len(trns) == 0 {
		return b.Bytes()
	}
	chunk := append(binary.BigEndian.AppendUint32(nil, uint32(len(trns))), append([]byte("tRNS"), trns...)...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	before := bytes.Index(b.Bytes(), []byte("IDAT")) - 4
	return bytes.Join([][]byte{b.Bytes()[:before], chunk, b.Bytes()[before:]}, nil)
}

// keyedGIF is a GIF one of whose colours is transparent; -1: none.
func keyedGIF(t *testing.T, m *image.Paletted, index int) []byte {
	t.Helper()
	p := *m
	p.Palette = append(color.Palette(nil), m.Palette...)
	var b bytes.Buffer
	if err := gif.Encode(&b, &p, nil); err != nil {
		t.Fatal(err)
	}
	if index < 0 {
		return b.Bytes()
	}
	control := []byte{'!', 0xf9, 4, 1, 0, 0, byte(index), 0}
	before := 13 + 3*4 // header, and a table of four colours
	return bytes.Join([][]byte{b.Bytes()[:before], control, b.Bytes()[before:]}, nil)
}
