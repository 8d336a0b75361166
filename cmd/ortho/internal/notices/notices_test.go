package notices

import (
	"encoding/json"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/preprocess"
)

// TestParts: the parts are those of a build; what it links without a notice is an error.
func TestParts(t *testing.T) {
	const table = `[{"kind":"program","name":"ortho"},{"kind":"module","name":"a","version":"v1"},{"kind":"module","name":"windows","version":"v2"},{"kind":"loaded","name":"ONNX Runtime"}]`
	for _, c := range []struct {
		deps []*debug.Module
		want string // names, or the error
	}{
		{nil, "ortho a windows ONNX Runtime"}, // no build information
		{[]*debug.Module{{Path: "a", Version: "v1"}}, "ortho a ONNX Runtime"},
		{[]*debug.Module{{Path: "a", Version: "v3"}}, "a v3 is linked, and the notice is that of v1"},
		{[]*debug.Module{{Path: "a", Version: "v1", Replace: &debug.Module{Path: "../a"}}}, "a  is linked"},
		{[]*debug.Module{{Path: "a", Version: "v1"}, {Path: "c"}, {Path: "b"}}, "no notice of b, c"},
	} {
		all, err := parts([]byte(table), &debug.BuildInfo{Deps: c.deps})
		var names []string
		for _, p := range all {
			names = append(names, p.Name)
		}
		if got := strings.Join(names, " "); got != c.want && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%q, %v; want %q", got, err, c.want)
		}
	}
	if _, err := parts([]byte("{"), &debug.BuildInfo{}); err == nil {
		t.Error("a broken table passes")
	}
}

// whole is the table of all systems.
func whole(t *testing.T) []Part {
	t.Helper()
	data, err := files.ReadFile("notices.json")
	if err != nil {
		t.Fatal(err)
	}
	all, err := parts(data, &debug.BuildInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestTexts: what is in the binary has a text that can be read; what reads images is among what is
// loaded.
func TestTexts(t *testing.T) {
	all := whole(t)
	for _, p := range all {
		if (p.Kind == Loaded) != (len(p.Texts) == 0) {
			t.Errorf("%s: texts %q", p.Name, p.Texts)
		}
		for _, name := range p.Texts {
			if text, err := Text(name); err != nil || len(text) < 150 {
				t.Errorf("%s: %s: %q, %v", p.Name, name, text, err)
			}
		}
	}
	for _, l := range preprocess.ImageLibraries() {
		if !slices.ContainsFunc(all, func(p Part) bool { return p.Name == l.Name && p.Kind == Loaded }) {
			t.Errorf("%s is not among what is loaded", l.Name)
		}
	}
	var b strings.Builder
	if err := Write(&b, all); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"SIL OPEN FONT LICENSE Version 1.1", "Creative Commons Attribution 4.0", "The FreeType Project (www.freetype.org)", "WordNet 3.0 Copyright 2006", "Copyright (c) Microsoft Corporation", "golang.org/x/sys v"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the notices lack %q", want)
		}
	}
	if n := strings.Count(b.String(), "Creative Commons Attribution 4.0 International Public License \n"); n > 1 {
		t.Errorf("a text stands there %d times", n)
	}
}

// listed are the licences that SPDX has names for, of those that stand in the table.
var listed = strings.Fields("0BSD Apache-2.0 BSD-2-Clause BSD-3-Clause CC-BY-4.0 FTL GPL-2.0-or-later IJG LGPL-3.0-or-later libtiff MIT OFL-1.1 Unlicense Zlib")

// TestSPDX holds the bill against the rules of SPDX 2.3: identifiers, relationships, expressions.
// scripts/check_sbom.py has the reference's own rules.
func TestSPDX(t *testing.T) {
	d, err := SPDX(whole(t), Binary{"v1+dirty", "linux-amd64", strings.Repeat("ab", 32), time.Unix(0, 0)})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := json.Marshal(d); err != nil || strings.Contains(string(text), "null") {
		t.Errorf("%s, %v", text, err)
	}
	if d.Creation.Created != "1970-01-01T00:00:00Z" || strings.ContainsAny(d.Namespace, "#+ ") {
		t.Errorf("%+v, %s", d.Creation, d.Namespace)
	}
	ids := map[string]bool{document: true}
	known := slices.Clone(listed)
	for _, e := range d.Extracted {
		known = append(known, e.ID)
	}
	identifier := regexp.MustCompile(`^SPDXRef-[-.A-Za-z0-9]+$`)
	for _, p := range d.Packages {
		if !identifier.MatchString(p.ID) || ids[p.ID] {
			t.Errorf("identifier %s", p.ID)
		}
		ids[p.ID] = true
		for _, licence := range regexp.MustCompile(" AND | OR ").Split(p.Concluded+" AND "+p.Declared, -1) {
			if !slices.Contains(known, licence) {
				t.Errorf("%s: licence %s", p.Name, licence)
			}
		}
	}
	described := 0
	for _, r := range d.Relationships {
		if !ids[r.From] || !ids[r.To] {
			t.Errorf("%+v leads to nothing", r)
		}
		if r.Type == "DESCRIBES" {
			described++
		}
	}
	if described != 1 || len(d.Relationships) != len(d.Packages) {
		t.Errorf("%d relationships of %d packages, %d describe", len(d.Relationships), len(d.Packages), described)
	}
}
