package classify_test

import (
	"errors"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/classify"
)

// TestSizes: a graph that does not run at the run's sizes says so in words; one that does
// makes of no later failure a matter of sizes.
func TestSizes(t *testing.T) {
	photo := "../../docs/photos/cat.jpg"
	for _, c := range []struct {
		model string
		flags []string
		want  string
	}{
		{"optimum-vit", []string{"input-size", "40", "resize", "40"}, "optimum-vit does not run at 40x40, nchw: it may be made for another size (input-size) (ONNX Runtime: Add node /vit/embeddings/Add: Attempting to broadcast"},
		{"optimum-swin", []string{"input-size", "40", "resize", "40"}, "Reshape node /swin/encoder/layers.0/blocks.0/Reshape_8_new_reshape: The input tensor cannot be reshaped"},
		{"torch-torchscript-unnamed", []string{"input-size", "40", "mean", "0", "std", "1"}, ""},
	} {
		items := all(t, open(t, "../testdata/exports/"+c.model, classify.Options{}, c.flags...), photo, photo, photo)
		for _, item := range items {
			var sizes *classify.SizeError
			switch {
			case c.want == "" && item.Err != nil:
				t.Errorf("%s: %v", c.model, item.Err)
			case c.want == "":
			case !errors.As(item.Err, &sizes) || !strings.Contains(sizes.Error(), c.want) || models.StageOf(item.Err) != "run":
				t.Errorf("%s: %v, want %q", c.model, item.Err, c.want)
			case strings.Contains(item.Err.Error(), "onnxruntime_src") || strings.Contains(item.Err.Error(), "was false"):
				t.Errorf("%s: %v", c.model, item.Err)
			}
		}
	}
}
