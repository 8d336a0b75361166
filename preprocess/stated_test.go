package preprocess

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

// statedPNG is a PNG with chunks behind its header.
func statedPNG(t *testing.T, img image.Image, chunks ...string) []byte {
	t.Helper()
	var plain bytes.Buffer
	if err := png.Encode(&plain, img); err != nil {
		t.Fatal(err)
	}
	const head = 8 + 25
	file := bytes.Clone(plain.Bytes()[:head])
	for _, c := range chunks {
		file = binary.BigEndian.AppendUint32(file, uint32(len(c)-4))
		file = binary.BigEndian.AppendUint32(append(file, c...), crc32.ChecksumIEEE([]byte(c)))
	}
	return append(file, plain.Bytes()[head:]...)
}

func numbers(kind string, values ...uint32) string {
	for _, v := range values {
		kind += string(binary.BigEndian.AppendUint32(nil, v))
	}
	return kind
}

// TestStatedColours: what a file states without a profile becomes one, by which Little CMS makes the sRGB that
// the definitions make: light by the curve, light of sRGB by the matrices of the primaries, and values by
// sRGB's curve.
func TestStatedColours(t *testing.T) {
	colours := image.NewNRGBA(image.Rect(0, 0, 3, 1))
	for x, c := range [][3]byte{{200, 100, 50}, {128, 128, 128}, {60, 140, 220}} {
		colours.SetNRGBA(x, 0, color.NRGBA{c[0], c[1], c[2], 255})
	}
	gray := image.NewGray(image.Rect(0, 0, 1, 1))
	gray.Pix[0] = 128
	const adobe, srgbRed = "adobe", "sRGB"
	chroma := map[string]string{
		adobe:   numbers("cHRM", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000),
		srgbRed: numbers("cHRM", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000),
	}
	for name, c := range map[string]struct {
		img    image.Image
		chunks []string
		want   []byte // nil: as they are
		lost   bool
	}{
		"nothing":             {img: colours},
		"sRGB":                {img: colours, chunks: []string{numbers("gAMA", 45455), chroma[srgbRed]}},
		"sRGB by its chunk":   {img: colours, chunks: []string{"sRGB\x00", numbers("gAMA", 100000)}},
		"no gamma":            {img: colours, chunks: []string{numbers("gAMA", 0)}},
		"light":               {img: colours, chunks: []string{numbers("gAMA", 100000)}, want: []byte{229, 168, 122, 188, 188, 188, 133, 196, 239}},
		"1.8":                 {img: colours, chunks: []string{numbers("gAMA", 55555)}, want: []byte{210, 119, 65, 146, 146, 146, 77, 158, 227}},
		"Adobe RGB":           {img: colours, chunks: []string{numbers("gAMA", 45471), chroma[adobe]}, want: []byte{227, 100, 42, 129, 129, 129, 0, 141, 224}},
		"Display P3":          {img: colours, chunks: []string{"cICP\x0c\x0d\x00\x01"}, want: []byte{215, 93, 31, 128, 128, 128, 0, 142, 227}},
		"BT.2020":             {img: colours, chunks: []string{"cICP\x09\x0d\x00\x01", numbers("gAMA", 100000)}, want: []byte{241, 76, 29, 128, 128, 128, 0, 146, 228}},
		"sRGB by code points": {img: colours, chunks: []string{"cICP\x01\x0d\x00\x01", numbers("gAMA", 100000)}},
		"PQ":                  {img: colours, chunks: []string{"cICP\x09\x10\x00\x01"}, lost: true},
		"unknown primaries":   {img: colours, chunks: []string{"cICP\x99\x0d\x00\x01"}, lost: true},
		"gray light":          {img: gray, chunks: []string{numbers("gAMA", 100000)}, want: []byte{188, 188, 188}},
		"nonsense":            {img: colours, chunks: []string{numbers("cHRM", 0, 0, 0, 0, 0, 0, 0, 0)}, lost: true},
	} {
		t.Run(name, func(t *testing.T) { checkStated(t, statedPNG(t, c.img, c.chunks...), c.want, c.lost) })
	}
}

func checkStated(t *testing.T, file, want []byte, lost bool) {
	t.Helper()
	p, err := DecodePicture(file, DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if codecs.FindLCMS().Err != nil {
		if (want != nil || lost) != p.dropped {
			t.Errorf("dropped: %v", p.dropped)
		}
		t.Skip("without Little CMS stated colours are left out")
	}
	if p.dropped != lost || (p.ICC != nil) != (want != nil) {
		t.Fatalf("dropped: %v; a profile of %d bytes", p.dropped, len(p.ICC))
	}
	if want == nil {
		return
	}
	if !fits(p.ICC, p.Channels) {
		t.Fatalf("a profile of %q", colourSpace(p.ICC))
	}
	got, err := inSRGB(p.ICC, p.Pix, p.Channels)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if d := int(got[i]) - int(want[i]); d < -1 || d > 1 {
			t.Errorf("%v by the profile, and not %v", got, want)
			break
		}
	}
	again, err := DecodePicture(file, DecodeOptions{})
	if err != nil || !bytes.Equal(again.ICC, p.ICC) {
		t.Errorf("another profile (%v)", err)
	}
}

// TestStatedAVIF: an AVIF's colr box has the same numbers.
func TestStatedAVIF(t *testing.T) {
	if err := codecs.FindAVIF().Err; err != nil {
		t.Skip(err)
	}
	file, err := os.ReadFile(decodeDir + "/avif-444.avif")
	if err != nil {
		t.Fatal(err)
	}
	at := strings.Index(string(file), "colrnclx")
	if at < 0 {
		t.Fatal("no code points in the golden file")
	}
	for _, c := range []struct {
		primaries, transfer byte
		profile, lost       bool
	}{{1, 13, false, false}, {12, 13, true, false}, {2, 2, false, false}, {9, 16, false, true}} {
		file[at+9], file[at+11] = c.primaries, c.transfer
		p, err := DecodePicture(file, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if errors.Is(codecs.FindLCMS().Err, codecs.ErrNone) {
			c.lost, c.profile = c.lost || c.profile, false
		}
		if (p.ICC != nil) != c.profile || p.dropped != c.lost {
			t.Errorf("%+v: %d bytes of a profile, dropped: %v", c, len(p.ICC), p.dropped)
		}
	}
}
