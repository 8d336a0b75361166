package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/bundled"
)

func TestComplete(t *testing.T) {
	for line, want := range map[string][]string{
		"cl":                             {"classify", "classify-text"},
		"models ":                        {"list", "show", "verify", "help"},
		"runtime inst":                   {"install"},
		"lic":                            {"licenses"},
		"licenses --s":                   {"--spdx"},
		"classify --ov":                  {"--overwrite"},
		"classify a.jpg --max":           {"--max-pixels", "--max-memory"},
		"classify a.jpg -f ":             output.Formats,
		"classify -f j":                  {"jsonl", "json"},
		"generate -f j":                  {"jpeg"},
		"classify -m ":                   bundled.Names(),
		"classify --layout nchw --color": {"--color-order"},
		"classify ":                      nil, // files
		"classify -o ":                   nil,
		"classify -o --ov":               nil,
		"classify -- --ov":               nil,
	} {
		if got := commandline.Complete(newApp(), strings.Split(line, " "), values()); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if code, stdout, stderr := execute(t, "", "complete", "classify", "--ov"); code != exitOK || stdout != "--overwrite\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := execute(t, "", "complete", "--last=", "models"); code != exitOK || !strings.HasPrefix(stdout, "list\n") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

// TestCompletionScripts has each shell that is here read its script.
func TestCompletionScripts(t *testing.T) {
	for shell, script := range completions {
		if shell == "powershell" {
			continue // has no check without running
		}
		path, err := exec.LookPath(shell)
		if err != nil {
			t.Logf("no %s to check its script with", shell)
			continue
		}
		if out, err := exec.Command(path, "-n", "-c", script).CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}
