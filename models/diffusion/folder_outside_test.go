package diffusion

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestControlNetOutside: a ControlNet that lies elsewhere, by its folder or its graph, is as one in the pipeline's folder; it takes
// the place of those that are there.
func TestControlNetOutside(t *testing.T) {
	whole := whole(t, "control")
	within, err := ReadFolder(whole)
	must(t, err)
	want, err := within.Identity(t.Context())
	must(t, err)
	apart, elsewhere := filepath.Join(t.TempDir(), "pipeline"), filepath.Join(t.TempDir(), "net")
	must(t, os.CopyFS(apart, os.DirFS(whole)))
	must(t, os.Rename(filepath.Join(apart, ControlNet), elsewhere))
	for _, at := range []string{elsewhere, filepath.Join(elsewhere, filepath.Base(within.Part(ControlNet).Path))} {
		p, err := ReadFolder(apart, at)
		must(t, err)
		s, err := p.Spec()
		must(t, err)
		id, err := p.Identity(t.Context())
		must(t, err)
		if s.ControlNets() != 1 || id.SHA256 != want.SHA256 {
			t.Errorf("%s: %d ControlNets, %+v, want %+v", at, s.ControlNets(), id, want)
		}
	}
	if p, err := ReadFolder(whole, elsewhere); err != nil || len(p.controlNets()) != 1 || !strings.HasPrefix(p.Part(ControlNet).Path, elsewhere) {
		t.Errorf("one in the folder is not replaced: %v", err)
	}
	for at, want := range map[string]string{filepath.Join(apart, "none"): "none", t.TempDir(): "no graph"} {
		if _, err := ReadFolder(apart, at); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", at, err)
		}
	}
}
