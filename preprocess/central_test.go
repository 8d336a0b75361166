package preprocess

import "testing"

// TestCentral cuts out the middle before the resize, as transformers' PerceiverImageProcessor
// does: int(7/8 * the short edge) pixels, from margin//2 on.
func TestCentral(t *testing.T) {
	img := newImage(13, 9, 1) // of which 7x7 are seen, from column 3 and row 1 on
	for i := range img.Pix {
		img.Pix[i] = uint8(i)
	}
	s := Spec{Height: 7, Width: 7, Channels: 1, Central: [2]float64{.875, .875}, Resize: Resize{Mode: Exact, Height: 7, Width: 7},
		Range: [2]float64{0, 255}, Mean: []float64{0}, Std: []float64{1}, Type: Uint8}
	got := make([]byte, s.Bytes())
	if err := s.Tensor(got, img); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if want := img.Pix[(1+i/7)*13+3+i%7]; v != want {
			t.Fatalf("pixel %d is %d, want %d", i, v, want)
		}
	}
	if by := s.shrink(64, 32, 1); by != 2 { // 28x28 of them are seen, twice what is needed
		t.Errorf("decoded %d times smaller", by)
	}
	s.Central[1] = 1.5
	if err := s.Tensor(got, img); err == nil {
		t.Error("more than the whole is no middle")
	}
}
