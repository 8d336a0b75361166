// Decodeall decodes the images whose names it reads, one a line, and prints a line of JSON for each: the
// digests of its pixels in colours and in gray, or the error. scripts/compare_mutants.py holds them
// against Pillow's.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"

	"ortho/preprocess"
)

type answer struct {
	Width  int    `json:"width,omitempty"`
	Height int    `json:"height,omitempty"`
	RGB    string `json:"rgb,omitempty"`
	L      string `json:"l,omitempty"`
	Error  string `json:"error,omitempty"`
}

func main() {
	out := json.NewEncoder(os.Stdout)
	names := bufio.NewScanner(os.Stdin)
	for names.Scan() {
		if err := out.Encode(decode(names.Text())); err != nil {
			panic(err)
		}
	}
}

func decode(name string) (a answer) {
	data, err := os.ReadFile(name)
	for _, c := range []struct {
		channels int
		to       *string
	}{{3, &a.RGB}, {1, &a.L}} {
		var img *preprocess.Image
		if err == nil {
			img, err = preprocess.Decode(data, preprocess.DecodeOptions{Channels: c.channels, MaxPixels: 4 << 20})
		}
		if err != nil {
			return answer{Error: err.Error()}
		}
		sum := sha256.Sum256(img.Pix)
		a.Width, a.Height, *c.to = img.Width, img.Height, hex.EncodeToString(sum[:8])
	}
	return a
}
