package main

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/notices"
)

func TestLicenses(t *testing.T) {
	for _, c := range []struct {
		line string
		code int
		out  string
		errs string
	}{
		{"", exitOK, "CC-BY-4.0", ""},
		{"--all", exitOK, "SIL OPEN FONT LICENSE Version 1.1", ""},
		{"svgo", exitOK, "Creative Commons Attribution 4.0", ""},
		{"ajstarks/SVGO span-x4", exitOK, "SVGo, by Anthony Starks", ""},
		{"retry-go", exitOK, "github.com/avast/retry-go/v5 v", ""},
		{"cli/v2", exitOK, "github.com/urfave/cli/v2 v", ""},
		{"efficientnet-lite0", exitOK, "WordNet 3.0 Copyright 2006", ""},
		{"go", exitFailed, "", `nothing in the binary is called "go"`},
		{"libheif", exitFailed, "", "libheif is no part of the binary: its licence (LGPL-3.0-or-later)"},
		{"svgo nosuch", exitFailed, "", `nothing in the binary is called "nosuch"`},
		{"svgo --all", exitUsage, "", "exclude each other"},
		{"--json --spdx", exitUsage, "", "exclude each other"},
		{"--binary x", exitUsage, "", "--binary goes with --spdx"},
		{"--spdx --binary licenses_test.go", exitFailed, "", "licenses_test.go tells nothing of how it was built"},
		{"--spdx --binary nosuch", exitFailed, "", "nosuch"},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"licenses"}, strings.Fields(c.line)...)...)
		if code != c.code || !strings.Contains(stdout, c.out) || !strings.Contains(stderr, c.errs) || (stderr == "") != (c.errs == "") || (stdout == "") != (c.out == "") {
			t.Errorf("licenses %s: exit %d, %.300q, %q; want %+v", c.line, code, stdout, stderr, c)
		}
	}
	_, stdout, _ := execute(t, "", "licenses", "--json")
	var d struct {
		Parts []notices.Part
		Texts map[string]string
	}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil || len(d.Parts) < 40 {
		t.Fatalf("%d parts, %v", len(d.Parts), err)
	}
	for _, p := range d.Parts {
		for _, name := range p.Texts {
			if d.Texts[name] == "" {
				t.Errorf("%s: no text %s", p.Name, name)
			}
		}
	}
}

// TestBillOfMaterials: the reference's own library finds nothing wrong with the bill, which is the
// same again where the time is given.
func TestBillOfMaterials(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	code, bill, stderr := execute(t, "", "licenses", "--spdx")
	if code != exitOK || !strings.Contains(bill, `"created": "2023-11-14T22:13:20Z"`) {
		t.Fatalf("exit %d, %.500s, %s", code, bill, stderr)
	}
	if _, again, _ := execute(t, "", "licenses", "--spdx"); again != bill {
		t.Error("the bill is another the second time")
	}
	t.Setenv("SOURCE_DATE_EPOCH", "yesterday")
	if code, _, stderr := execute(t, "", "licenses", "--spdx"); code != exitFailed || !strings.Contains(stderr, "SOURCE_DATE_EPOCH") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import spdx_tools").Run() != nil {
		t.Skip("needs python3 with spdx-tools, which checks the bill by SPDX's rules")
	}
	file := write(t, filepath.Join(t.TempDir(), "ortho.spdx.json"), bill)
	if out, err := exec.Command(python, "../../scripts/check_sbom.py", file).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}
