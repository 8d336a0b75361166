package diffusion

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIdentity: what sha256sum prints of the files, in the order of their paths.
func TestIdentity(t *testing.T) {
	folder := changed(t, "sd", func(string) {})
	p, err := ReadFolder(folder)
	if err != nil {
		t.Fatal(err)
	}
	id, err := p.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var lines strings.Builder
	last := ""
	for _, file := range id.Weights {
		data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(file.Name)))
		if err != nil {
			t.Fatal(err)
		}
		if file.Name <= last {
			t.Errorf("%s comes after %s", file.Name, last)
		}
		last = file.Name
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256(data), file.Name)
	}
	if want := fmt.Sprintf("%x", sha256.Sum256([]byte(lines.String()))); id.SHA256 != want || id.Name != p.Name || len(id.Weights) != len(p.Files()) {
		t.Errorf("%+v, want %s", id, want)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if _, err := p.Identity(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("ended: %v", err)
	}
	if err := os.Remove(filepath.Join(folder, "unet", "model.onnx")); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Identity(t.Context()); err == nil {
		t.Error("a file is missing")
	}
}
