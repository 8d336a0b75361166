package runner

import (
	"strings"
	"testing"
)

func TestTry(t *testing.T) {
	s := open(t, "float32_nchw", Options{}) // skips without a library
	defer s.Close()
	if err := Try(t.Context(), s.Library.Path, Provider{Name: CPU}); err != nil {
		t.Error(err)
	}
	if err := Try(t.Context(), s.Library.Path, Provider{Name: CPU, Options: map[string]string{"a": "b"}}); err == nil || strings.Contains(err.Error(), "ortho doctor") {
		t.Error(err)
	}
	// It is in some official builds, and runs no graph in any.
	if s.Library.Has("azure") {
		if err := Try(t.Context(), s.Library.Path, Provider{Name: "azure"}); err == nil {
			t.Error("a convolution ran on Azure")
		}
	}
}
