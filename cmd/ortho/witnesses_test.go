package main

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
	"ortho/models/describe/openaitest"
	"ortho/models/grounding"
	"ortho/models/imagine"
)

// TestDescribeChecked: objects are checked against boxes of a detector, one of them is asked about with its part, and it
// is the same in every format; a run that goes on knows by what it was checked.
func TestDescribeChecked(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	server := chatting(t)
	server.Route(func(r *openaitest.Request) openaitest.Answer {
		if slices.Contains(r.Fields, "answer") {
			return openaitest.Describe(openaitest.Description{Shows: "no"})
		}
		objects := []string{"cat", "unicorn", "laptop"}
		if r.Width == 600 { // the cup
			objects = []string{"dog", "mugs"}
		}
		return openaitest.Describe(openaitest.Description{Sentence: "A thing.", Objects: objects})
	})
	page := filepath.Join(dir, "a.html")
	checked := []string{"-m", "none", "--detector", "bundled", "--cache", filepath.Join(dir, "cache"), cat, coffee}
	stdout, stderr := describedBy(t, exitOK, append(checked, "-f", "jsonl", "--html", page)...)
	all := rowsFrom[rows.Descriptions](t, stdout)
	var said []string
	for _, row := range all {
		for _, m := range row.Description.Checked {
			said = append(said, m.Name+" "+string(m.Status)+" "+m.Label)
		}
		if row.Description.Sight == nil || row.Description.Sight.Width == 0 || len(row.Description.Sight.Detections) == 0 {
			t.Errorf("%+v", row.Description)
		}
	}
	if got := strings.Join(said, ", "); got != "cat found Cat, unicorn unchecked , laptop not found , dog not found , mugs ambiguous Coffee cup" && got != "cat found Cat, unicorn unchecked , laptop not found , dog not found , mugs not found Coffee cup" {
		t.Error(got)
	}
	if !strings.Contains(stderr, "objects: 1 found, ") || !strings.Contains(stderr, "knows no class") {
		t.Error(stderr)
	}
	selfContained(t, page, 200_000, "cat (found: Cat 0.", "unicorn (unchecked)", "laptop (not found)")
	first := server.Requests()
	i := slices.IndexFunc(first, func(r *openaitest.Request) bool { return r.Width == 451 })
	if i < 0 || !strings.Contains(first[i].Text, "\n- Cat: ") {
		t.Errorf("no box in %d requests", len(first))
	}
	asked := slices.IndexFunc(first, func(r *openaitest.Request) bool { return slices.Contains(r.Fields, "answer") })
	if asked < 0 || !strings.Contains(first[asked].Text, `"mugs"`) || first[asked].Width >= 600 {
		t.Errorf("what was ambiguous is not asked about in %d requests", len(first))
	}

	for _, format := range []string{"csv", "parquet", "jsonl"} { // of kept answers
		out := filepath.Join(dir, "out."+format)
		describedBy(t, exitOK, append(checked, "-o", out)...)
		got := readBack(t, format, out)
		if len(got) != 2 || len(got[0].Description.Checked) != 3 || got[0].Description.Checked[0].Status != grounding.Found || got[1].Description.Checked[0].Name != "dog" {
			t.Fatalf("%s: %+v", format, got)
		}
	}
	if n := len(server.Requests()); n != len(first) {
		t.Errorf("%d requests, want %d", n, len(first))
	}
	out := filepath.Join(dir, "out.jsonl")
	for _, other := range [][]string{{"--sure", "0.6"}, {"--recheck", "0"}} {
		if _, stderr := describedBy(t, exitFailed, append(append(checked, "-o", out, "--resume", "--record", "always"), other...)...); !strings.Contains(stderr, strings.TrimPrefix(other[0], "--")) {
			t.Error(stderr)
		}
	}
	stdout, _ = describedBy(t, exitOK, append(checked, "-f", "jsonl", "--recheck", "0", "--no-evidence", "--where", `any(checked, .status == "ambiguous")`)...)
	if all = rowsFrom[rows.Descriptions](t, stdout); len(all) != 1 || all[0].Description.Checked[1].Asked != nil {
		t.Errorf("%+v", all)
	}
	last := server.Requests()
	if strings.Contains(last[len(last)-1].Text, "detector") {
		t.Error("the boxes are in the prompt, and evidence is kept back")
	}
	// What can't be paid any more leaves it as it is.
	stdout, _ = describedBy(t, exitOK, "-m", "none", "--detector", "bundled", "--cache", "off", "--max-requests", "1", "-f", "jsonl", coffee)
	if all = rowsFrom[rows.Descriptions](t, stdout); all[0].Description.Checked[1].Status != grounding.Ambiguous || !strings.Contains(all[0].Description.Checked[1].Asked.Error, "1 requests") {
		t.Errorf("%+v", all[0].Description.Checked)
	}
}

// TestWitnessFlags: what does not go together is refused before anything is sent.
func TestWitnessFlags(t *testing.T) {
	server := chatting(t)
	for _, c := range []struct{ args, want string }{
		{"--sure 0 --detector bundled", "--sure"},
		{"--recheck -1 --detector bundled", "--recheck"},
		{"--sure 0.4", "--detector"},
		{"--zero-shot scenes", "--zero-shot-model"},
		{"--zero-shot-model x", "--zero-shot names one"},
		{"--detector nowhere.onnx", "nowhere.onnx"},
		{"--detector efficientnet-lite0", "--detector"},
		{"--segmenter efficientnet-lite0", "--segmenter"},
		{"--zero-shot scenes --zero-shot-model nowhere", "--zero-shot-model"},
	} {
		for _, verb := range []string{"describe", "imagine"} {
			code, _, stderr := execute(t, "", append([]string{verb, cat}, strings.Fields(c.args)...)...)
			if code == exitOK || !strings.Contains(stderr, c.want) {
				t.Errorf("%s %s: exit %d, %s", verb, c.args, code, stderr)
			}
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// TestImagineChecked: what boxes say of the objects, and of each side's class, is in the document, on the page and in what a
// terminal shows.
func TestImagineChecked(t *testing.T) {
	needLibrary(t)
	server := chatting(t)
	server.Route(func(r *openaitest.Request) openaitest.Answer {
		return openaitest.Describe(openaitest.Description{Sentence: "A tabby cat.", Objects: []string{"cat", "unicorn"}, Class: "tabby"})
	})
	page := filepath.Join(t.TempDir(), "a.html")
	doc, _ := runImagine(t, cat, "--detector", "bundled", "--html", page)
	if doc.Seen == nil || len(doc.Seen.Detections) == 0 || len(doc.Sides) != 3 || doc.Sides[0].By != imagine.ByImage {
		t.Fatalf("%+v", doc.Story)
	}
	for _, s := range doc.Sides {
		if s.Status != grounding.Found || s.Label != "Cat" {
			t.Errorf("%+v", s)
		}
	}
	if all := doc.Description.Checked; len(all) != 2 || all[0].Status != grounding.Found || all[1].Status != grounding.Unchecked {
		t.Errorf("%+v", all)
	}
	if !strings.Contains(server.Requests()[0].Text, "\n- Cat: ") {
		t.Error("no box goes along")
	}
	selfContained(t, page, 400_000, "What else is seen", "cat (found: Cat 0.", "unicorn (unchecked)", "Each side")
}
