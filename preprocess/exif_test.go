package preprocess

import (
	"encoding/binary"
	"testing"
)

// exifOf is EXIF data of one entry.
func exifOf(order binary.AppendByteOrder, tag, kind uint16, count uint32, value []byte) []byte {
	b := []byte("II*\x00")
	if order == binary.AppendByteOrder(binary.BigEndian) {
		b = []byte("MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 1)
	b = order.AppendUint16(b, tag)
	b = order.AppendUint16(b, kind)
	b = order.AppendUint32(b, count)
	return append(b, value...)
}

func TestOrientation(t *testing.T) {
	little, big := binary.LittleEndian, binary.BigEndian
	short := exifOf(little, 274, 3, 1, []byte{6, 0, 0, 0})
	tests := map[string]struct {
		exif, xmp string
		want      int
	}{
		"nothing":             {"", "", 0},
		"short":               {string(short), "", 6},
		"big endian":          {string(exifOf(big, 274, 3, 1, []byte{0, 8, 0, 0})), "", 8},
		"long":                {string(exifOf(little, 274, 4, 1, []byte{5, 0, 0, 0})), "", 5},
		"bytes are no number": {string(exifOf(little, 274, 1, 1, []byte{5, 0, 0, 0})), "", 0},
		"prefix":              {"Exif\x00\x00" + string(short), "", 6},
		"prefix twice":        {"Exif\x00\x00Exif\x00\x00" + string(short), "", 6},
		"another tag":         {string(exifOf(little, 275, 3, 1, []byte{6, 0, 0, 0})), "", 0},
		"nine":                {string(exifOf(little, 274, 3, 1, []byte{9, 0, 0, 0})), "", 0},
		"zero":                {string(exifOf(little, 274, 3, 1, []byte{0, 0, 0, 0})), "", 0},
		"no values":           {string(exifOf(little, 274, 3, 0, []byte{6, 0, 0, 0})), "", 0},
		"values elsewhere":    {string(exifOf(little, 274, 3, 3, []byte{22, 0, 0, 0, 3, 0, 1, 0, 1, 0})), "", 3},
		"values nowhere":      {string(exifOf(little, 274, 3, 3, []byte{99, 0, 0, 0})), "", 0},
		"cut":                 {string(short[:len(short)-1]), "", 0},
		"header only":         {string(short[:8]), "", 0},
		"directory nowhere":   {"II*\x00\xff\xff\xff\xff", "", 0},
		"no TIFF":             {"ABCDEFGHIJKL", "", 0},
		"attribute":           {"", `<x tiff:Orientation="3"/>`, 3},
		"element":             {"", `<tiff:Orientation>7</tiff:Orientation>`, 7},
		"second mention":      {"", `tiff:Orientation, tiff:Orientation="2"`, 2},
		"XMP cut":             {"", `tiff:Orientation="`, 0},
		"EXIF before XMP":     {string(short), `tiff:Orientation="3"`, 6},
		"nonsense before XMP": {string(exifOf(little, 274, 3, 1, []byte{9, 0, 0, 0})), `tiff:Orientation="3"`, 0},
	}
	for name, test := range tests {
		if got := orientationOf([]byte(test.exif), []byte(test.xmp)); got != test.want {
			t.Errorf("%s: %d, want %d", name, got, test.want)
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(exifOf(binary.LittleEndian, 274, 3, 1, []byte{6, 0, 0, 0}), []byte(`tiff:Orientation="3"`))
	f.Add(exifOf(binary.BigEndian, 274, 4, 2, []byte{0, 0, 0, 22, 0, 0, 0, 1}), []byte("tiff:Orientation>"))
	f.Add([]byte("Exif\x00\x00MM\x00*\xff\xff\xff\xff"), []byte("tiff:Orientation"))
	f.Fuzz(func(t *testing.T, exif, xmp []byte) {
		img := &Image{3, 2, 1, []byte{0, 1, 2, 3, 4, 5}}
		o := orientationOf(exif, xmp)
		if o < 0 || o > 9 {
			t.Fatalf("orientation %d", o)
		}
		if up := img.upright(o); up.Width*up.Height != 6 {
			t.Fatalf("%d: %dx%d", o, up.Width, up.Height)
		}
	})
}
