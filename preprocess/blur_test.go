package preprocess

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
)

// TestBlur: bytes are those of Pillow's GaussianBlur (scripts/goldens/blur.py).
func TestBlur(t *testing.T) {
	data, err := os.ReadFile("testdata/blur.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Width, Height, Channels int
		Radius                  float64
		SHA256                  string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		img := &Image{Width: c.Width, Height: c.Height, Channels: c.Channels, Pix: make([]byte, c.Width*c.Height*c.Channels)}
		state := uint32(1)
		for i := range img.Pix {
			state = state*1664525 + 1013904223
			img.Pix[i] = byte(state >> 24)
		}
		img.Blur(c.Radius)
		if sum := sha256.Sum256(img.Pix); hex.EncodeToString(sum[:]) != c.SHA256 {
			t.Errorf("%dx%d of %d channels by %v: %v", c.Width, c.Height, c.Channels, c.Radius, img.Pix[:min(20, len(img.Pix))])
		}
	}
}
