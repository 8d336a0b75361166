package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models/describe/openaitest"
	"ortho/models/imagine"
	"ortho/preprocess"
)

const (
	theKey    = "sk-imagine-0123456789abcdef"
	sevenFile = "../../../shared/images/digit_seven.png"
	mnistFile = "../../../shared/models/mnist.onnx"

	envKey, envBaseURL = flags.EnvKey, flags.EnvBaseURL
)

// chatting points the chat side at a server that answers in turn.
func chatting(t *testing.T, answers ...openaitest.Answer) *openaitest.Server {
	t.Helper()
	s := openaitest.New(t, answers...)
	s.RequireKey(theKey)
	t.Setenv(envBaseURL, s.URL)
	t.Setenv(envKey, theKey)
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where answers are kept on Linux
	return s
}

// runImagine runs imagine, and holds its outputs against the key.
func runImagine(t *testing.T, args ...string) (doc document, stderr string) {
	t.Helper()
	code, stdout, stderr := execute(t, "", append([]string{"imagine"}, args...)...)
	if code != exitOK && code != exitItems {
		t.Fatalf("%q: exit %d: %s", args, code, stderr)
	}
	if strings.Contains(stdout+stderr, theKey) {
		t.Errorf("%q: the key shows", args)
	}
	if err := json.Unmarshal([]byte(stdout), &doc); err != nil {
		t.Fatalf("%q: %v in %s", args, err, stdout)
	}
	// A picture that was asked for and is not there shows in the exit code.
	if lacks := slices.Contains(args, "-o") && len(doc.Generation.Files) == 0; lacks != (code == exitItems) {
		t.Errorf("%q: exit %d: %+v", args, code, doc.Generation)
	}
	return doc, stderr
}

// digits are the arguments for a photograph of a seven.
func digits(t *testing.T) []string {
	t.Helper()
	needLibrary(t)
	for _, name := range []string{sevenFile, mnistFile} {
		if _, err := os.Stat(name); err != nil {
			t.Skipf("needs the shared folder beside the repository: %v", err)
		}
	}
	return []string{"-m", mnistFile, "--input-range", "0,255", "--invert", sevenFile}
}

// readAs counts the pictures of a folder that mnist.onnx reads as a digit.
func readAs(t *testing.T, folder string, digit int) (n int) {
	t.Helper()
	code, stdout, stderr := execute(t, "", "classify", "-m", mnistFile, "--input-range", "0,255", "-f", "jsonl", "-k", "1", folder)
	if code != exitOK {
		t.Fatal(stderr)
	}
	for _, row := range rowsFrom[rows.Classes](t, stdout) {
		if row.Width != 28 || row.Height != 28 {
			t.Errorf("%s is of %dx%d pixels", row.Input, row.Width, row.Height)
		}
		if row.Predictions[0].Index == digit {
			n++
		}
	}
	return n
}

// noKeyIn looks for the key in all files of a folder.
func noKeyIn(t *testing.T, folder string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && strings.Contains(read(t, name), theKey) {
			t.Errorf("the key is in %s", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestImagineDigit(t *testing.T) {
	args := digits(t)
	handwritten := openaitest.Description{Sentence: "A bold black seven on white paper.", Class: "seven", Attributes: []string{"bold", "black", "handwritten", "three strokes"}}
	for _, c := range []struct {
		name    string
		answers []openaitest.Answer
		digit   int
		by      string
		text    string
		stand   bool
	}{
		{"no key", nil, 7, imagine.ByImage, "a regular upright seven", true},
		{"seven", []openaitest.Answer{openaitest.Describe(handwritten)}, 7, imagine.ByBoth, "a bold handwritten upright seven", false},
		{"three, twice", []openaitest.Answer{openaitest.Describe(openaitest.Description{Sentence: "A three.", Class: "three"})}, 3, imagine.ByDecision, "a regular upright three", false},
		{"three in its own words", []openaitest.Answer{openaitest.Say(`{"description":"A three.","objects":[],"attributes":[],"scene":"","class":"other","other":"3"}`),
			openaitest.Describe(openaitest.Description{Class: "three"})}, 3, imagine.ByDecision, "a regular upright three", false},
		{"three, then seven", []openaitest.Answer{openaitest.Describe(openaitest.Description{Class: "three"}), openaitest.Describe(openaitest.Description{Class: "seven"})},
			7, imagine.ByDecision, "a regular upright seven", false},
		{"three, then neither", []openaitest.Answer{openaitest.Describe(openaitest.Description{Class: "three"}), openaitest.Say(`{"reason":"Neither.","class":"other"}`)},
			7, imagine.ByImage, "a regular upright seven", false},
		{"a cat", []openaitest.Answer{openaitest.Describe(openaitest.Description{Class: "cat"})}, 7, imagine.ByImage, "a regular upright seven", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			if c.answers != nil {
				chatting(t, c.answers...)
			} else {
				t.Setenv(envKey, "")
				t.Setenv(envBaseURL, "")
			}
			out := filepath.Join(dir, "out")
			doc, stderr := runImagine(t, append(args, "-o", out, "-n", "20", "--seed", "1", "--html", filepath.Join(dir, "page.html"), "--cache", filepath.Join(dir, "cache"))...)
			if doc.Description.StandIn != c.stand || c.stand && !strings.Contains(stderr, "stands in, and decides nothing") {
				t.Errorf("stand-in %v, want %v; %s", doc.Description.StandIn, c.stand, stderr)
			}
			if doc.Fusion != nil || doc.Decision.Index != c.digit || doc.Decision.By != c.by || doc.Generation.Text != c.text {
				t.Errorf("%+v, %+v", doc.Decision, doc.Generation)
			}
			if (doc.Disagreement != nil) != strings.HasPrefix(c.name, "three") {
				t.Errorf("disagreement: %+v", doc.Disagreement)
			}
			if n := readAs(t, out, c.digit); n < 18 || len(doc.Generation.Files) != 20 {
				t.Errorf("%d of %d pictures are read as %d", n, len(doc.Generation.Files), c.digit)
			}
			chunks := textOf(t, read(t, doc.Generation.Files[3]))
			for key, want := range map[string]string{"ortho:seed": "4", "ortho:text": c.text, "ortho:model": "glyphs", "ortho:input": "digit_seven.png"} {
				if chunks[key] != want {
					t.Errorf("%s is %q, want %q", key, chunks[key], want)
				}
			}
			noKeyIn(t, dir)
		})
	}
}

// TestImagineBundled fuses what the bundled models say: both have ImageNet's classes.
func TestImagineBundled(t *testing.T) {
	needLibrary(t)
	chatting(t, openaitest.Describe(openaitest.Description{Sentence: "An Egyptian Mau, a spotted short-haired cat with green eyes.", Class: "Egyptian Mau"}))
	doc, _ := runImagine(t, cat)
	if doc.Image.Predictions[0].Index != 282 || doc.Text == nil || doc.Text.Predictions[0].Index != 285 || doc.Fusion == nil || doc.Fusion.Predictions[0].Index != 285 ||
		doc.Disagreement == nil || doc.Decision.Index != 285 {
		t.Errorf("image %+v, text %+v, fusion %+v, decision %+v", doc.Image, doc.Text, doc.Fusion, doc.Decision)
	}
}

func TestImagineFuses(t *testing.T) {
	needLibrary(t)
	// Both name red, green and blue; the text model was not trained on green.
	colours := []string{"-m", filepath.Join(testModels, "float32_nchw"), "--input-range", "0,1", "--labels", write(t, filepath.Join(t.TempDir(), "labels.txt"), "red\ngreen\nblue\n"),
		"--text-model", filepath.Join(testModels, "texts"), coffee}
	for _, c := range []struct {
		sentence string
		flags    []string
		fused    bool
		text     string // its top class
		disagree bool
	}{
		{"a red thing", nil, true, "red", false},
		{"a very blue thing", nil, true, "blue", true},
		{"a very blue thing", []string{"--text-weight", "0"}, true, "blue", true},
		{"unheard of", nil, false, "", false},
	} {
		s := chatting(t, openaitest.Describe(openaitest.Description{Sentence: c.sentence, Class: "red"}))
		doc, _ := runImagine(t, append(colours, c.flags...)...)
		if (doc.Fusion != nil) != c.fused || (doc.Disagreement != nil) != c.disagree {
			t.Errorf("%q: fusion %+v, disagreement %+v", c.sentence, doc.Fusion, doc.Disagreement)
			continue
		}
		if asked := len(s.Requests()); asked != 1 && !c.disagree || c.disagree && asked != 2 {
			t.Errorf("%q: %d requests", c.sentence, asked)
		}
		if doc.Usage.Requests != len(s.Requests()) || doc.Usage.Prompt != 1000*len(s.Requests()) {
			t.Errorf("%q: usage %+v", c.sentence, doc.Usage)
		}
		if c.disagree && (doc.Decision.By != imagine.ByDecision || doc.Decision.Label != "red") {
			t.Errorf("%q: %+v", c.sentence, doc.Decision)
		}
		if !c.fused {
			continue
		}
		if doc.Text.Predictions[0].Label != c.text {
			t.Errorf("%q: %+v", c.sentence, doc.Text)
		}
		image, words, got := map[int]float64{}, map[int]float64{}, map[int]float64{}
		for i := range doc.Image.Predictions {
			image[doc.Image.Predictions[i].Index] = doc.Image.Predictions[i].Probability
			words[doc.Text.Predictions[i].Index] = doc.Text.Predictions[i].Probability
			got[doc.Fusion.Predictions[i].Index] = doc.Fusion.Predictions[i].Probability
		}
		// Green, which the text model was not trained on, keeps its probability; of the others,
		// the ratio is that of the products.
		want := image[0] / image[2]
		if doc.Fusion.Weight == 1 {
			want *= words[0] / words[2]
		}
		if ratio := got[0] / got[2]; ratio < want*0.999 || ratio > want*1.001 || abs(got[1]-image[1]) > 1e-5 {
			t.Errorf("%q: %v of %v and %v", c.sentence, got, image, words)
		}
	}
}

func abs(v float64) float64 { return max(v, -v) }

func TestImagineChatFails(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct {
		name   string
		answer openaitest.Answer
		kind   string
	}{
		{"wrong key", openaitest.WrongKey(), "auth"},
		{"quota", openaitest.NoQuota(), "quota"},
		{"refusal", openaitest.Refuse("no"), "refused"},
		{"filter", openaitest.Filtered(), "filtered"},
		{"no choices", openaitest.NoChoices(), "empty"},
		{"HTML", openaitest.Page(404, "<html>none</html>"), "request"},
		{"not JSON", openaitest.Say("A cup."), "schema"},
	} {
		chatting(t, c.answer)
		doc, stderr := runImagine(t, coffee)
		if !doc.Description.StandIn || doc.Fusion != nil || doc.Decision.By != imagine.ByImage || !strings.Contains(stderr, "stands in") {
			t.Errorf("%s: %+v; %s", c.name, doc.Description, stderr)
		}
		if doc.Description.WhyKind != c.kind || !strings.Contains(doc.Generation.None, "-g names one") {
			t.Errorf("%s: kind %q; %+v", c.name, doc.Description.WhyKind, doc.Generation)
		}
		code, stdout, stderr := execute(t, "", "imagine", "--strict", coffee)
		if code != exitFailed || stdout != "" || strings.Contains(stderr, theKey) {
			t.Errorf("%s, --strict: exit %d, %q, %s", c.name, code, stdout, stderr)
		}
	}
	// The first answer is there, and the second fails.
	chatting(t, openaitest.Describe(openaitest.Description{Class: "eggnog"}), openaitest.WrongKey())
	doc, _ := runImagine(t, coffee)
	if d := doc.Disagreement; d == nil || d.Error == "" || doc.Fusion == nil || doc.Decision.By != imagine.ByFusion {
		t.Errorf("%+v, %+v", doc.Disagreement, doc.Decision)
	}
}

func TestImagineOffline(t *testing.T) {
	needLibrary(t)
	cache := t.TempDir()
	t.Setenv(envKey, theKey)
	t.Setenv(envBaseURL, "")
	doc, _ := runImagine(t, coffee, "--offline", "--cache", cache)
	if d := doc.Description; !d.StandIn || d.WhyKind != "offline" {
		t.Errorf("%+v", d)
	}
	chatting(t, openaitest.Describe(openaitest.Description{Sentence: "A cup.", Class: "espresso"}))
	first, _ := runImagine(t, coffee, "--offline", "--cache", cache) // the server is on this machine
	again, _ := runImagine(t, coffee, "--offline", "--cache", cache)
	if first.Description.Cached || !again.Description.Cached || again.Description.Sentence != "A cup." || again.Usage.Requests != 0 {
		t.Errorf("%+v, then %+v", first.Description, again.Description)
	}
	noKeyIn(t, cache)
}

func TestImagineText(t *testing.T) {
	needLibrary(t)
	texts := filepath.Join(testModels, "texts")
	dir := t.TempDir()
	t.Setenv(envKey, "")
	for i, c := range []struct {
		text  string
		flags []string
		want  string // the request's text
		label string // of the decision
	}{
		{"a bold slanted seven", []string{"--text-model", texts}, "a bold slanted seven", ""},
		{"a very blue seven", []string{"--text-model", texts}, "a very blue seven", "blue"},
		{"blue sky", []string{"--text-model", texts}, "", "blue"},
		{"seven or two", []string{"--text-model", texts}, "", ""},
		{"blue sky", []string{"--text-model", texts, "-g", "glyphs"}, "", "blue"}, // of which glyphs knows nothing
		{"a bold blue", []string{"--text-model", texts, "-g", "glyphs"}, "a bold blue", "blue"},
		{"a bold slanted seven", nil, "a bold slanted seven", ""}, // no word of the ImageNet classes' model
		{"hello world", nil, "", ""}, // a guess of 0.5
	} {
		out := filepath.Join(dir, fmt.Sprintf("%d.png", i))
		doc, stderr := runImagine(t, append(c.flags, "--text", c.text, "-o", out, "--seed", "3")...)
		if doc.Generation.Text != c.want || doc.Fusion != nil || doc.Image != nil {
			t.Errorf("%q: %+v", c.text, doc.Generation)
		}
		if label := ""; doc.Decision != nil {
			if label = doc.Decision.Label; label != c.label {
				t.Errorf("%q: %+v", c.text, doc.Decision)
			}
		} else if c.label != "" {
			t.Errorf("%q: no decision", c.text)
		}
		if silent := c.flags == nil; silent && (doc.Text.Doubt == "" || !strings.Contains(stderr, "imagenet-descriptions has no answer: ")) {
			t.Errorf("%q: %+v; %s", c.text, doc.Text, stderr)
		}
		if _, err := os.Stat(out); (err == nil) != (c.want != "") || c.want == "" && !strings.Contains(stderr, "nothing is drawn") {
			t.Errorf("%q: %v; %s", c.text, err, stderr)
		}
	}
}

func TestImagineGenerators(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	labels := write(t, filepath.Join(dir, "labels.txt"), "2\n1 - one\nnine\n")
	args := []string{"-m", filepath.Join(testModels, "float32_nchw"), "--input-range", "0,1", "--labels", labels, coffee, "--seed", "5"}
	for i, c := range []struct {
		generator, says, sentence string
		class                     int // -1: none is asked for
		text, none                string
	}{
		{"class", "2", "", 2, "", ""},
		{"text", "2", "", -1, "a two", ""},
		{"class", "nine", "", -1, "", "no label like \"nine\""},
		{"text", "nine", "A bold thing on a table.", -1, "A bold thing on a table.", ""}, // it has no such label, but takes texts
		{"text", "nine", "A thing on a table.", -1, "", "says nothing to text"},
	} {
		chatting(t, openaitest.Describe(openaitest.Description{Class: c.says, Sentence: c.sentence}))
		out := filepath.Join(dir, fmt.Sprintf("%d.png", i))
		doc, _ := runImagine(t, append(args, "-g", graphs+"samples/"+c.generator, "-o", out)...)
		g := doc.Generation
		if (g.Class == nil) != (c.class < 0) || g.Class != nil && *g.Class != c.class || g.Text != c.text || !strings.Contains(g.None, c.none) {
			t.Errorf("%s, %s: %+v", c.generator, c.says, g)
		}
		if c.none != "" {
			continue
		}
		// The same as generate draws.
		request := []string{"--text", c.text}
		if c.class >= 0 {
			request = []string{"--class", fmt.Sprint(c.class)}
		}
		same := filepath.Join(dir, fmt.Sprintf("same%d.png", i))
		made(t, exitOK, "", append([]string{"generate", "-m", graphs + "samples/" + c.generator, "--seed", "5", "-o", same}, request...)...)
		if !bytes.Equal(decoded(t, out).Pix, decoded(t, same).Pix) {
			t.Errorf("%s, %s: generate draws another", c.generator, c.says)
		}
	}
	code, _, stderr := execute(t, "", "imagine", coffee, "-g", graphs+"samples/dcgan")
	if code != exitUsage || !strings.Contains(stderr, "of classes or texts") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestImagineInterrupted interrupts a run that waits for the server: it leaves nothing.
// TestImaginePipeline: a pipeline gets the description, and draws what generate does.
func TestImaginePipeline(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	labels := write(t, filepath.Join(dir, "labels.txt"), "2\n1 - one\nnine\n")
	chatting(t, openaitest.Describe(openaitest.Description{Class: "nine"}))
	out, same := filepath.Join(dir, "x.png"), filepath.Join(dir, "same.png")
	doc, stderr := runImagine(t, "-m", filepath.Join(testModels, "float32_nchw"), "--input-range", "0,1", "--labels", labels, coffee, "--seed", "5", "-g", pipelines+"sd", "-o", out)
	if doc.Generation.Text != "A thing on a table." || doc.Generation.Model != "sd" || !strings.Contains(stderr, "64x64, 50 steps, guidance 7.5") {
		t.Errorf("%+v, %s", doc.Generation, stderr)
	}
	made(t, exitOK, "", "generate", "-m", pipelines+"sd", "A thing on a table.", "--seed", "5", "-o", same)
	texts, want := textOf(t, read(t, out)), textOf(t, read(t, same))
	if !bytes.Equal(decoded(t, out).Pix, decoded(t, same).Pix) || texts["ortho:model-sha256"] != want["ortho:model-sha256"] || texts["ortho:steps"] != "50" {
		t.Errorf("generate draws another: %q, %q", texts, want)
	}
}

func TestImagineInterrupted(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	hang := openaitest.Hang()
	chatting(t, func(w http.ResponseWriter, r *openaitest.Request) {
		cancel()
		hang(w, r)
	})
	var stdout, stderr bytes.Buffer
	code := run(ctx, []string{"ortho", "imagine", coffee, "-o", filepath.Join(dir, "x.png"), "--html", filepath.Join(dir, "x.html"), "--json", filepath.Join(dir, "x.json")},
		strings.NewReader(""), &stdout, &stderr)
	left, err := os.ReadDir(dir)
	if code != exitInterrupted || stdout.Len() > 0 || !strings.Contains(stderr.String(), "nothing is written") || err != nil || len(left) > 0 {
		t.Errorf("exit %d, %s, %s, %v, %v", code, &stdout, &stderr, left, err)
	}
}

func TestImagineFiles(t *testing.T) {
	needLibrary(t)
	t.Setenv(envKey, "")
	dir := t.TempDir()
	old := write(t, filepath.Join(dir, "old.png"), "old")
	doc, page := filepath.Join(dir, "steps.json"), filepath.Join(dir, "steps.html")
	base := []string{"imagine", "--text", "a seven", "--seed", "1"}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-o", old}, exitFailed, "--overwrite"},
		{[]string{"-o", "-"}, exitUsage, "standard output takes the JSON"},
		{[]string{"--json", write(t, filepath.Join(dir, "old.json"), "old")}, exitFailed, "--overwrite"},
		{[]string{"--html", write(t, filepath.Join(dir, "old.html"), "old")}, exitFailed, "--overwrite"},
		{[]string{"--json", doc, "--html", doc}, exitUsage, "one file"},
		{[]string{"-n", "0"}, exitUsage, "--count 0"},
		{[]string{"-n", "2", "-o", filepath.Join(dir, "x.png")}, exitUsage, "more images"},
		{[]string{"--text-weight", "-1"}, exitUsage, "--text-weight"},
		{[]string{"-g", "span-x4"}, exitUsage, "images of images"},
		{[]string{"photo.jpg"}, exitUsage, "in place of an image"},
		{[]string{"--json", doc, "--html", page, "-o", old, "--overwrite"}, exitOK, ""},
		{nil, exitOK, "neither -o nor --html"},
	} {
		code, _, stderr := execute(t, "", append(base, c.args...)...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, want %d; %s", c.args, code, c.code, stderr)
		}
	}
	if !strings.Contains(read(t, doc), old) || !strings.Contains(read(t, page), "old.png, seed 1") {
		t.Errorf("%s", read(t, doc))
	}
	if left, err := filepath.Glob(filepath.Join(dir, ".ortho-*")); err != nil || len(left) > 0 {
		t.Errorf("%v, %v", left, err)
	}
	if f, err := preprocess.FormatOf(old); err != nil || f != preprocess.PNG || !strings.HasPrefix(read(t, old), "\x89PNG") {
		t.Errorf("%v, %v", f, err)
	}
}
