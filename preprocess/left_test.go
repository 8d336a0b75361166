package preprocess

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

func TestLeftOf(t *testing.T) {
	for file, want := range map[string]Left{
		"jpeg-exif-6.jpg":      {},
		"jpeg-exif-xmp.jpg":    {},
		"jpeg-icc-cmyk.jpg":    {Profile: true},
		"jpeg-gray.jpg":        {},
		"png-odd-animated.png": {Frames: 1},
		"gif-animated.gif":     {Frames: 2},
		"gif-plain.gif":        {},
		"tiff-pages.tif":       {Frames: 1},
		"tiff-rgb.tif":         {},
		"tiff-icc-cmyk.tif":    {Profile: true},
		"bmp-rgb.bmp":          {},
		"avif-animated.avif":   {Frames: 1},
		"avif-exif-xmp.avif":   {},
		"heic-rgb.heic":        {},
		"heic-several.heic":    {Frames: 2},
		"heic-thumbnail.heic":  {},
		"jxl-rgb.jxl":          {},
		"jxl-animated.jxl":     {Frames: 2},
	} {
		t.Run(file, func(t *testing.T) {
			for ending, find := range map[string]func() codecs.Library{".avif": codecs.FindAVIF, ".heic": codecs.FindHEIF, ".jxl": codecs.FindJXL} {
				if strings.HasSuffix(file, ending) && find().Err != nil {
					t.Skip("left out: ", file, ": ", find().Err)
				}
			}
			data, err := os.ReadFile(decodeDir + "/" + file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := DecodePicture(data, DecodeOptions{})
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if got := LeftOf(data, p); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %+v, want %+v", file, got, want)
			}
		})
	}
}

// FuzzLeftOf: files that are damaged are counted as far as they go.
func FuzzLeftOf(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, data []byte, _ uint8) {
		if l := LeftOf(data, &Picture{}); l.Frames < 0 {
			t.Fatalf("%+v", l)
		}
	})
}
