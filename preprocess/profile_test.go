package preprocess

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

// TestProfiles: pictures of other colours than RGB are converted by their profile as Pillow's ImageCms does it,
// where Little CMS is there, and say that they are not where it isn't.
func TestProfiles(t *testing.T) {
	golden, err := filepath.Glob("testdata/profiles/*.ppm")
	if err != nil || len(golden) < 6 {
		t.Fatalf("golden files are missing: %d, %v", len(golden), err)
	}
	for _, name := range golden {
		file := strings.TrimSuffix(name, ".ppm")
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := DecodePicture(data, DecodeOptions{})
			if err != nil {
				t.Fatal(err)
			}
			asked, err := DecodePicture(data, DecodeOptions{Channels: 3})
			if err != nil {
				t.Fatal(err)
			}
			err = p.Coloured()
			if codecs.FindLCMS().Err != nil || strings.HasSuffix(file, ".jpg") && codecs.FindJPEG().Err != nil {
				if !asked.dropped || p.Channels == 1 && !errors.Is(err, codecs.ErrNone) {
					t.Errorf("dropped: %v, error: %v", asked.dropped, err)
				}
				t.Skip("without Little CMS and libjpeg-turbo profiles are dropped")
			}
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range []*Picture{p, asked} {
				if _, most := difference(t, p.Image, readNetpbm(t, name)); most != 0 || p.ICC != nil || p.dropped {
					t.Errorf("differs by %d at most; %d bytes of a profile, dropped: %v", most, len(p.ICC), p.dropped)
				}
			}
		})
	}
}

// FuzzProfile: whatever a profile holds, pixels come out, or an error.
func FuzzProfile(f *testing.F) {
	golden, err := filepath.Glob("testdata/profiles/*.ppm")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range golden {
		data, err := os.ReadFile(strings.TrimSuffix(name, ".ppm"))
		if err != nil {
			f.Fatal(err)
		}
		p, err := read(data, request{extras: true})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(p.icc)
	}
	f.Fuzz(func(t *testing.T, icc []byte) {
		if codecs.FindLCMS().Err != nil {
			t.Skip("there is no Little CMS")
		}
		channels := map[string]int{"GRAY": 1, "RGB ": 3, "CMYK": 4}[colourSpace(icc)]
		if channels == 0 {
			return
		}
		pix := make([]byte, 60*channels)
		for i := range pix {
			pix[i] = byte(7 * i)
		}
		if out, err := inSRGB(icc, pix, channels); err == nil && len(out) != 180 {
			t.Fatalf("%d bytes of 60 pixels", len(out))
		}
	})
}
