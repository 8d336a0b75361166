package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/defaults"
	"ortho/cmd/ortho/internal/record"
)

// TestDefaults: what is set for all runs decides where nothing is typed, is told and recorded, and is no
// error for a command that it does not suit.
func TestDefaults(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "config.json"), `{"top": 2, "threads": 1, "generate": {"strip": true}}`)
	t.Setenv(defaults.FileVariable, config)
	out := filepath.Join(dir, "rows.csv")
	for _, c := range []struct {
		env, line string
		code      int
		says, not string
		lines     int // on standard output; 0: not counted
	}{
		{"", "classify -f csv " + cat, exitOK, "by default: threads 1 (" + config + "), top 2 (", "provider", 3},
		{"ORTHO_TOP=3", "classify -f csv " + cat, exitOK, "top 3 (ORTHO_TOP)", "top 2", 4},
		{"ORTHO_CLASSIFY_TOP=4", "classify -f csv " + cat, exitOK, "top 4 (ORTHO_CLASSIFY_TOP)", "top 2", 5},
		{"ORTHO_TOP=3", "classify -f csv -k 1 " + cat, exitOK, "threads 1", "top", 2},
		{"ORTHO_PROVIDER=CPU", "classify -o " + out + " " + cat, exitOK, "provider CPU (ORTHO_PROVIDER)", "", 0},
		{"ORTHO_PROVIDER=gpu", "classify " + cat, exitUsage, "provider gpu (ORTHO_PROVIDER)", "", 0},
		{"ORTHO_PROVIDER=gpu", "classify -f csv -p cpu " + cat, exitOK, "threads 1", "provider gpu", 3},
		{"ORTHO_PROVIDER_OPTION=cuda.device_id=1", "classify -f csv -p cpu " + cat, exitOK, "threads 1", "cuda", 3},
		{"ORTHO_PROVIDR=gpu", "classify -f csv " + cat, exitOK, "ORTHO_PROVIDR is not read; did you mean ORTHO_PROVIDER?", "", 3},
		{"ORTHO_THREADS=many", "classify " + cat, exitUsage, "ORTHO_THREADS=many", "", 0},
		{"ORTHO_MODEL=glyphs", "classify -f csv " + cat, exitOK, "passed over, since it is not for this: model glyphs (ORTHO_MODEL)", "", 3},
		{"ORTHO_MODEL=efficientnet-lite0-int8", "classify -f csv " + cat, exitOK, "model efficientnet-lite0-int8 (ORTHO_MODEL)", "passed", 3},
		{"ORTHO_MODEL=efficientnet-lite0", "generate --class 7 --seed 1 -o " + dir + "/7.png", exitOK, "passed over", "", 0},
		{"ORTHO_GENERATE_MODEL=span-x2", "generate --class 7 --seed 1 -o " + dir + "/8.png", exitOK, "passed over, since it is not for this: model span-x2", "", 0},
		{"ORTHO_GENERATE_MODEL=span-x2", "generate -o " + dir + "/9.png docs.png", exitFailed, "model span-x2 (ORTHO_GENERATE_MODEL)", "passed", 0},
		{"ORTHO_GENERATE_MODEL=" + pipelines + "sd", "generate -o " + dir + "/10.png photo.png", exitFailed, "passed over", "", 0},
		{"ORTHO_GENERATE_MODEL=" + pipelines + "sd", "generate --steps 1 --seed 1 -o " + dir + "/11.png", exitUsage, "", "", 0},
		{"ORTHO_GENERATE_MODEL=none.onnx", "generate --class 7 -o " + dir + "/12.png", exitFailed, "model none.onnx (ORTHO_GENERATE_MODEL)", "", 0},
		{"ORTHO_MODEL=glyphs", "classify-text -f csv cat", exitOK, "passed over", "", 0},
		{"ORTHO_MODEL=glyphs", "inspect", exitOK, "model glyphs (ORTHO_MODEL)", "passed", 0},
		{"ORTHO_CONCURRENCY=2", "version", exitOK, "", "default", 0},
		{"ORTHO_CONFIG=off", "classify -f csv " + cat, exitOK, "", "default", 6},
		{"ORTHO_CONFIG=config.json", "classify " + cat, exitUsage, "an absolute path", "", 0},
		{"", "classify " + cat + " -o " + config, exitFailed, "", "", 0},
	} {
		t.Run(c.env+" "+c.line, func(t *testing.T) {
			if name, value, set := strings.Cut(c.env, "="); set {
				t.Setenv(name, value)
			}
			code, stdout, stderr := execute(t, "", strings.Fields(c.line)...)
			if code != c.code || !strings.Contains(stderr, c.says) || c.not != "" && strings.Contains(stderr, c.not) || c.lines > 0 && strings.Count(stdout, "\n") != c.lines {
				t.Errorf("exit %d, %s%s", code, stdout, stderr)
			}
		})
	}
	run, err := record.Read(out)
	if err != nil || run.ByDefault.Get("provider") != "CPU (ORTHO_PROVIDER)" || run.ByDefault.Get("top") != "2 ("+config+")" {
		t.Errorf("%+v, %v", run, err)
	}
}

func TestConfig(t *testing.T) {
	config := write(t, filepath.Join(t.TempDir(), "config.json"), `{"top": 2, "provider": "cuda", "bench run": {"model": "m"}}`)
	t.Setenv(defaults.FileVariable, config)
	t.Setenv("ORTHO_TOP", "3")
	for line, want := range map[string][]string{
		"config":             {"│ --top      │ 3     │ all commands │ ORTHO_TOP", "bench run", "which another comes before"},
		"config list --json": {`"file": "` + config + `"`, `"command": "bench run"`, `"beaten": true`},
		"config path":        {config + "\n"},
	} {
		code, stdout, stderr := execute(t, "", strings.Fields(line)...)
		for _, text := range want {
			if code != exitOK || !strings.Contains(stdout, text) {
				t.Errorf("%s: exit %d, want %q in\n%s%s", line, code, text, stdout, stderr)
			}
		}
	}
	write(t, config, `{"api-key": "sk-123"}`)
	if code, stdout, stderr := execute(t, "", "config"); code != exitFailed || !strings.Contains(stderr, "no secrets") || strings.Contains(stdout+stderr, "sk-123") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, "", "config", "list", "model=vit"); code != exitUsage || !strings.Contains(stderr, "ortho config path") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
