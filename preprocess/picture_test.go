package preprocess

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess/codecs"
)

// TestDecodePicture compares alpha and profiles with Pillow's, and the rest with Decode's.
func TestDecodePicture(t *testing.T) {
	data, err := os.ReadFile(decodeDir + "/pictures.json")
	if err != nil {
		t.Fatal(err)
	}
	var pictures map[string]struct {
		Gray bool
		ICC  string
	}
	if err := json.Unmarshal(data, &pictures); err != nil {
		t.Fatal(err)
	}
	eachJPEGDecoder(t, func(t *testing.T, _ bool) {
		profiles, planes := 0, 0
		for _, file := range goldenFiles(t) {
			want, ok := pictures[filepath.Base(file)]
			if !ok {
				t.Fatalf("%s is not in pictures.json", file)
			}
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := DecodePicture(data, DecodeOptions{})
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			if file == decodeDir+"/png-gray-alpha16.png" {
				want.Gray = true // Pillow has no such mode
			}
			if gray := p.Channels == 1; gray != want.Gray {
				t.Errorf("%s: gray: %v, want %v", file, gray, want.Gray)
			}
			if want.ICC != "" {
				profiles++
			}
			if strings.HasSuffix(file, ".jxl") && !strings.HasPrefix(codecs.FindJXL().Version, jxlVersion) {
				want.ICC = "" // libjxl makes a profile of what a file states, each version another
				p.ICC = nil
			}
			if sum := sha256.Sum256(p.ICC); p.ICC != nil && hex.EncodeToString(sum[:]) != want.ICC || p.ICC == nil && want.ICC != "" {
				t.Errorf("%s: %d bytes of a profile, want that of digest %q", file, len(p.ICC), want.ICC)
			}
			for _, o := range []Orientation{IgnoreOrientation, ApplyOrientation} {
				name := file + ".alpha.pgm"
				if upright := file + ".upright.alpha.pgm"; o == ApplyOrientation && exists(upright) {
					name = upright
				}
				p, err := DecodePicture(data, DecodeOptions{Channels: 3, Orientation: o})
				if err != nil {
					t.Fatal(err)
				}
				img, err := Decode(data, DecodeOptions{Channels: 3, Orientation: o})
				if err != nil {
					t.Fatal(err)
				}
				if high := file + ".high.pgm"; exists(high) {
					img = readNetpbm(t, high).WithChannels(3)
				}
				if _, most := difference(t, p.Image, img); most != 0 && !p.converted {
					t.Errorf("%s: not the pixels of Decode", file)
				}
				if !exists(name) {
					if p.Alpha != nil {
						t.Errorf("%s: alpha, where Pillow has all opaque", file)
					}
					continue
				}
				planes++
				if alpha := readNetpbm(t, name); !bytes.Equal(p.Alpha, alpha.Pix) || alpha.Width != p.Width {
					t.Errorf("%s: %d bytes of alpha are not %s", file, len(p.Alpha), name)
				}
			}
		}
		if profiles < 6 || planes < 40 {
			t.Errorf("%d profiles and %d alpha planes: are golden files missing?", profiles, planes)
		}
	})
}

// TestDecodePictureChannels: a profile that does not fit what the picture becomes is left out.
func TestDecodePictureChannels(t *testing.T) {
	for file, keep := range map[string]int{"png-icc.png": 3, "png-icc-gray.png": 1, "jpeg-icc-gray.jpg": 1, "webp-icc-alpha.webp": 3} {
		data, err := os.ReadFile(filepath.Join(decodeDir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, channels := range []int{1, 3} {
			p, err := DecodePicture(data, DecodeOptions{Channels: channels})
			if err != nil {
				t.Fatal(err)
			}
			if p.Channels != channels || (p.ICC != nil) != (channels == keep) {
				t.Errorf("%s as %d channels: %d channels, %d bytes of a profile", file, channels, p.Channels, len(p.ICC))
			}
		}
		if _, err := DecodePicture(data, DecodeOptions{Channels: 2}); err == nil {
			t.Errorf("%s: 2 channels are given", file)
		}
	}
}

// TestProfileLimit: what is deflated to more than the limit is dropped, not inflated.
func TestProfileLimit(t *testing.T) {
	m := sketch(3, 3, 3)
	for _, size := range []int{profileLimit, profileLimit + 1} {
		icc := make([]byte, size)
		copy(icc[16:], "RGB ")
		plain := written(t, m, 3, FileOptions{Format: PNG})
		at := bytes.Index(plain, []byte("IDAT")) - 4
		var chunk bytes.Buffer
		if err := (&pngChunks{Writer: &chunk}).chunk("iCCP", append([]byte("x\x00\x00"), deflate(icc)...)); err != nil {
			t.Fatal(err)
		}
		data := append(append(bytes.Clone(plain[:at]), chunk.Bytes()...), plain[at:]...)
		p, err := DecodePicture(data, DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if (p.ICC != nil) != (size == profileLimit) {
			t.Errorf("a profile of %d bytes: %d are kept", size, len(p.ICC))
		}
	}
}

func FuzzDecodePicture(f *testing.F) {
	addFiles(f)
	f.Fuzz(func(t *testing.T, data []byte, choice uint8) {
		opt := DecodeOptions{Channels: []int{0, 1, 3}[choice%3], Orientation: Orientation(choice >> 7), MaxPixels: 1_000_000}
		before := bytes.Clone(data)
		p, err := DecodePicture(data, opt)
		if !bytes.Equal(before, data) {
			t.Fatal("the input was written to")
		}
		if err != nil {
			if p != nil {
				t.Fatalf("a picture and an error: %v", err)
			}
			return
		}
		if p.Width < 1 || p.Height < 1 || len(p.Pix) != p.Width*p.Height*p.Channels || p.Alpha != nil && len(p.Alpha) != p.Width*p.Height {
			t.Fatalf("%dx%dx%d in %d bytes, alpha in %d", p.Width, p.Height, p.Channels, len(p.Pix), len(p.Alpha))
		}
		if p.ICC != nil && !fits(p.ICC, p.Channels) {
			t.Fatal("a profile that does not fit")
		}
		opt.Channels = p.Channels
		img, err := Decode(data, opt)
		if err != nil || !bytes.Equal(img.Pix, p.Pix) && !gray16(data) && !p.converted {
			t.Fatalf("Decode gives something else: %v", err)
		}
	})
}

// gray16 reports whether a file is one that Decode clips, and DecodePicture does not.
func gray16(data []byte) bool {
	if bytes.HasPrefix(data, []byte("\x89PNG")) {
		return data[24] == 16 && data[25] == 0
	}
	kind, err := sniff(data)
	if err == nil && (kind.name == "HEIC" || kind.name == "JPEG XL") {
		p, err := kind.decode(data, request{maxPixels: defaultMaxPixels})
		return err == nil && p.img.Channels == 1
	}
	if err == nil && kind.name == "JPEG 2000" {
		h, err := readJP2(data, data[0] == 0xff)
		return err == nil && h.mode == "I;16"
	}
	if isPNM(data) {
		f, err := readPNM(data)
		return err == nil && f.maximum > 255 && (f.kind == '2' || f.kind == '5')
	}
	if order, _ := tiffOrder(data); order == nil {
		return false
	}
	f, err := readTIFF(data)
	return err == nil && f.layout.colours == tiffGray && (f.stored.bits == 12 || f.stored.bits == 16)
}
