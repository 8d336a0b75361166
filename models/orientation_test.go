package models

import (
	"strings"
	"testing"
)

// TestOrientation: images are turned as the exporter's own loader does it, unless who uses the
// model says otherwise.
func TestOrientation(t *testing.T) {
	hf := []string{"preprocessor_config.json", hfConfig}
	for name, c := range map[string]struct {
		model        string
		files, flags []string
		want, source string
	}{
		"ultralytics":         {model: "ultralytics", want: "exif", source: "cv2.imread"},
		"transformers":        {model: "float32_nchw", files: hf, want: "exif", source: "pipelines of transformers"},
		"timm":                {model: "float32_nchw", files: []string{"config.json", timmConfig}, want: "ignore", source: "timm"},
		"a graph alone":       {model: "float32_nchw", flags: []string{"mean", "0", "std", "1"}, want: "ignore", source: "default"},
		"ultralytics, a flag": {model: "ultralytics", flags: []string{"orientation", "ignore"}, want: "ignore", source: "flag"},
		"timm, a flag":        {model: "float32_nchw", files: []string{"config.json", timmConfig}, flags: []string{"orientation", "exif"}, want: "exif", source: "flag"},
		"transformers, ortho.json": {model: "float32_nchw", files: append(hf, "ortho.json", `{"orientation": "ignore"}`),
			want: "ignore", source: "ortho.json"},
	} {
		m, err := OpenFS(folder(t, c.model, c.files...), name, settings(t, c.flags...))
		if err != nil {
			t.Fatal(err)
		}
		if f := fact(t, m, "orientation"); f.Value != c.want || !strings.Contains(f.Source, c.source) {
			t.Errorf("%s: %+v", name, f)
		}
		if in, err := m.Image(); err != nil || in.Spec.Orientation.String() != c.want {
			t.Errorf("%s: %v, %v", name, in, err)
		}
	}
}
