//go:build unix

package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

// TestPicturesWithoutRoom: where pictures of images can't be written, by no fault of theirs, the run ends and says so: it
// does not go through all others to fail them, too.
func TestPicturesWithoutRoom(t *testing.T) {
	needLibrary(t)
	for _, line := range below {
		if strings.HasPrefix(line, "sort") || strings.Contains(line, "--captions") || strings.Contains(line, "--yolo") { // which are small
			continue
		}
		words, _, _ := belowOut(t, line)
		self := process(t)
		cmd := exec.CommandContext(t.Context(), "sh", append([]string{"-c", `ulimit -f 1; exec "$@"`, "sh", self.Path}, words...)...)
		cmd.Env = self.Env
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		err := cmd.Run()
		if code := exitCode(err); code != exitFailed || !strings.Contains(stderr.String(), "file too large") {
			t.Errorf("%s: exit %d, %s", line, code, stderr.String())
		}
	}
}
