package models

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
	"unsafe"

	"ortho/preprocess"
)

// TestProcessors holds that a model whose files state an image processor of transformers or a
// transform of timm gets the tensor that these make. scripts/goldens/processors.py wrote them.
func TestProcessors(t *testing.T) {
	data, err := os.ReadFile("testdata/processors/processors.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Width, Height int
		Pixels        []byte
		Cases         []struct {
			Files  map[string]json.RawMessage
			Shape  []int
			Tensor []byte
			Levels float64 // of 255 that the reference's own resize may be away
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	if len(golden.Cases) < 30 {
		t.Fatalf("%d cases", len(golden.Cases))
	}
	img := &preprocess.Image{Width: golden.Width, Height: golden.Height, Channels: 3, Pix: golden.Pixels}
	for _, c := range golden.Cases {
		var files []string
		for name, text := range c.Files {
			files = append(files, name, string(text))
		}
		spec := classifier(t, folder(t, "dynamic_size", files...), settings(t)).Input
		if got := []int{spec.Channels, spec.Height, spec.Width}; !slices.Equal(got, c.Shape) {
			t.Errorf("%s: a tensor of %v, want %v", files, got, c.Shape)
			continue
		}
		got := make([]float32, spec.Bytes()/4)
		if err := spec.Tensor(unsafe.Slice((*byte)(unsafe.Pointer(&got[0])), spec.Bytes()), img); err != nil {
			t.Errorf("%s: %v", files, err)
			continue
		}
		within := 1e-6 + c.Levels/255/slices.Min(spec.Std)
		for i, v := range got {
			want := math.Float32frombits(binary.NativeEndian.Uint32(c.Tensor[4*i:]))
			if d := math.Abs(float64(v - want)); !(d <= within+1e-6*math.Abs(float64(want))) {
				t.Errorf("%s: element %d is %v, want %v", files, i, v, want)
				break
			}
		}
	}
}
