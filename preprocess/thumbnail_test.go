package preprocess

import (
	"os"
	"testing"
)

// TestThumbnail compares with the whole image, resized.
func TestThumbnail(t *testing.T) {
	eachJPEGDecoder(t, func(t *testing.T, _ bool) {
		files := append(goldenFiles(t), "../cmd/ortho/testdata/photos/rocket.jpg", "../cmd/ortho/testdata/photos/coffee.png")
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			whole, err := Decode(data, DecodeOptions{Orientation: ApplyOrientation})
			if err != nil {
				t.Fatal(err)
			}
			for _, edge := range []int{1, 16, 64, 4000} {
				got, err := Thumbnail(data, edge, 0)
				if err != nil {
					t.Fatalf("%s: %v", file, err)
				}
				width, height := whole.Width, whole.Height
				if max(width, height) > edge {
					s := Spec{Resize: Resize{Mode: LongEdge, Size: edge}}
					width, height = s.ResizedSize(width, height)
				}
				// A JPEG decoded smaller may be off by one in its ratio.
				if d := got.Width - width + got.Height - height; got.Channels != 3 || len(got.Pix) != 3*got.Width*got.Height || d < -1 || d > 1 || max(got.Width, got.Height) > max(edge, 1) && edge < 4000 {
					t.Errorf("%s at %d: %dx%d, want %dx%d", file, edge, got.Width, got.Height, width, height)
					continue
				}
				if got.Width != width || got.Height != height {
					continue
				}
				want, off := Resample(whole, width, height, Bilinear), 0
				for i, v := range want.Pix {
					off += max(int(v)-int(got.Pix[i]), int(got.Pix[i])-int(v))
				}
				if off > 4*len(want.Pix) && edge > 1 {
					t.Errorf("%s at %d: %d grey levels off on average", file, edge, off/len(want.Pix))
				}
			}
		}
	})
	for _, edge := range []int{0, -1, MaxSize + 1} {
		if _, err := Thumbnail(nil, edge, 0); err == nil {
			t.Errorf("an edge of %d is taken", edge)
		}
	}
	data, err := os.ReadFile("../cmd/ortho/testdata/photos/coffee.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Thumbnail(data, 10, 1000); err == nil {
		t.Error("more than maxPixels is decoded")
	}
}
