package bundled

import (
	"bytes"
	"io/fs"
	"testing"
)

func TestFS(t *testing.T) {
	for _, name := range Names() {
		folder, err := FS(name)
		if err != nil {
			t.Fatal(err)
		}
		sub, err := fs.Sub(files, name)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"model.onnx", "config.json", "README.md", "LICENSE", "SHA256SUMS"} {
			got, err := fs.ReadFile(folder, file)
			want, werr := fs.ReadFile(sub, file)
			if err != nil || werr != nil || len(got) == 0 || !bytes.Equal(got, want) {
				t.Errorf("%s/%s: %v, %v", name, file, err, werr)
			}
		}
	}
	if _, err := FS("nope"); err == nil {
		t.Error("an unknown name gives no error")
	}
}
