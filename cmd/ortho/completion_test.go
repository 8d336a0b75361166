package main

import (
	"os"
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
		"classify a.jpg --max":           {"--max-pixels", "--max-memory", "--max-failed"},
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
		var got []string
		for _, answer := range commandline.Complete(newApp(), strings.Split(line, " "), values()) {
			got = append(got, answer.Word)
			if strings.HasPrefix(answer.Word, "-") && answer.About == "" || len(answer.About) > 100 {
				t.Errorf("%q: %+v", line, answer)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
	if code, stdout, stderr := execute(t, "", "complete", "classify", "--ov"); code != exitOK || stdout != "--overwrite\treplace an existing output file\n" {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
	if code, stdout, stderr := execute(t, "", "complete", "--last=", "models"); code != exitOK || !strings.HasPrefix(stdout, "list\tname the bundled models\n") {
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

// TestCompletionShows: bash lists words with what they mean, and completes by the words alone; fish takes
// both as they come.
func TestCompletionShows(t *testing.T) {
	const program = "ortho() { printf 'list\\tname the models\\nlicenses\\n'; }\n"
	for kind, want := range map[string]string{"9": "list\nlicenses\n", "63": "list      (name the models)\nlicenses\n"} {
		script := program + completions["bash"] + "COMP_WORDS=(ortho l) COMP_CWORD=1 COMP_TYPE=" + kind + "\n_ortho\nprintf '%s\\n' \"${COMPREPLY[@]}\""
		if out := shell(t, "bash", script); out != want {
			t.Errorf("bash, COMP_TYPE %s: %q, want %q", kind, out, want)
		}
	}
	const fish = "function ortho\n  printf 'list\\tname the models\\nlicenses\\n'\nend\n"
	if out := shell(t, "fish", fish+completions["fish"]+"complete -C 'ortho l'"); out != "licenses\nlist\tname the models\n" {
		t.Errorf("fish: %q", out)
	}
}

// shell runs a script, without settings of the user's.
func shell(t *testing.T, name, script string) string {
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s", name)
	}
	cmd := exec.Command(path, "-c", script)
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_CONFIG_HOME="+t.TempDir())
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s: %v: %s", name, err, out)
	}
	return string(out)
}
