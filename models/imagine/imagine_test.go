package imagine_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/models/generate"
	"ortho/models/imagine"
)

const (
	bundledModels = "../bundled/"
	testModels    = "../testdata/"
	photos        = "../../cmd/ortho/testdata/photos/"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(photos + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func open(t *testing.T, name string, settings ...string) *models.Model {
	t.Helper()
	var s models.Settings
	for i := 0; i+1 < len(settings); i += 2 {
		if err := s.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open(name, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func imageExpert(t *testing.T, m *models.Model) *imagine.ImageExpert {
	t.Helper()
	c, err := classify.Open(t.Context(), m, classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	e, err := imagine.NewImageExpert(m.Name, c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func textExpert(t *testing.T, name string) *imagine.TextExpert {
	t.Helper()
	m := open(t, name)
	c, err := classify.OpenText(t.Context(), m, classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return imagine.NewTextExpert(m.Name, c)
}

func generator(t *testing.T, name string) *imagine.Generator {
	t.Helper()
	m := open(t, name)
	g, err := generate.Open(t.Context(), m, generate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	a, err := imagine.NewGenerator(m.Name, g)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func describer(t *testing.T, answers ...openaitest.Answer) (*describe.Describer, *openaitest.Server) {
	t.Helper()
	s := openaitest.New(t, answers...)
	d, err := describe.Open(describe.Options{BaseURL: s.URL, Tries: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d, s
}

// colours is an expert of three classes, as many as glyphs has not.
func colours(t *testing.T) *imagine.ImageExpert {
	t.Helper()
	labels := t.TempDir() + "/labels.txt"
	if err := os.WriteFile(labels, []byte("red\ngreen\nblue\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	return imageExpert(t, open(t, testModels+"float32_nchw", "input-range", "0,1", "labels", labels))
}

// TestOfImage: the bundled models have ImageNet's classes, and disagree on a cat.
func TestOfImage(t *testing.T) {
	d, server := describer(t, openaitest.Costing(openaitest.Describe(openaitest.Description{Sentence: "An Egyptian Mau, a spotted short-haired cat with green eyes.", Class: "Egyptian Mau"}), 1000, 200, 50, 10))
	var told []imagine.NoticeKind
	o := imagine.Options{Image: imageExpert(t, open(t, bundledModels+"efficientnet-lite0")), Describer: d, Text: textExpert(t, bundledModels+"imagenet-descriptions"), TextWeight: 1, Top: 3,
		Notify: func(n imagine.Notice) { told = append(told, n.Kind) }}
	s, err := imagine.OfImage(t.Context(), "cat.png", read(t, "chelsea.png"), o)
	if err != nil {
		t.Fatal(err)
	}
	if s.Input != "cat.png" || s.Image.Predictions[0].Index != 282 || s.Text.Predictions[0].Index != 285 || s.Fusion.Predictions[0].Index != 285 || s.Decision.Index != 285 ||
		s.Decision.By != imagine.ByDecision || s.Disagreement.Reason == "" || s.Description.By != imagine.ByDescriber || s.Description.Class.Index != 285 {
		t.Errorf("%+v", s)
	}
	if !slices.Equal(told, []imagine.NoticeKind{imagine.Asking, imagine.Again}) || len(s.Notes) > 0 {
		t.Errorf("told %v, notes %q", told, s.Notes)
	}
	if want := (describe.Usage{Requests: 2, Prompt: 2000, Cached: 400, Completion: 100, Reasoning: 20}); s.Usage != want || s.Usage != d.Usage() {
		t.Errorf("usage %+v", s.Usage)
	}
	asked := server.Requests()
	if len(asked) != 2 || len(asked[0].Classes) != 11 || len(asked[1].Classes) != 3 {
		t.Errorf("%d requests", len(asked))
	}
	if len(s.Image.Predictions) != 3 || len(s.Image.All) != 1000 || len(s.Fusion.All) != 1000 || s.Image.Probability(282) != s.Image.All[0].Probability || s.Image.Probability(-1) != 0 {
		t.Errorf("%d of %d classes are shown", len(s.Image.Predictions), len(s.Image.All))
	}
	data, err := json.Marshal(s)
	var back imagine.Story
	if err != nil || json.Unmarshal(data, &back) != nil || len(data) > 4000 || !reflect.DeepEqual(back.Decision, s.Decision) || !reflect.DeepEqual(back.Image.Predictions, s.Image.Predictions) {
		t.Errorf("%v: %s", err, data)
	}
}

// TestOfImageWithoutDescription: a sentence stands in, and decides nothing; or it is an error.
func TestOfImageWithoutDescription(t *testing.T) {
	cup, expert := read(t, "coffee.png"), imageExpert(t, open(t, bundledModels+"efficientnet-lite0"))
	refused, _ := describer(t, openaitest.Refuse("no"))
	for _, c := range []struct {
		who  *describe.Describer
		kind string
	}{{nil, "other"}, {refused, "refused"}} {
		var told []string
		o := imagine.Options{Image: expert, Describer: c.who, Text: textExpert(t, bundledModels+"imagenet-descriptions"), TextWeight: 1,
			Notify: func(n imagine.Notice) {
				if n.Kind == imagine.Warning {
					told = append(told, n.Text)
				}
			}}
		s, err := imagine.OfImage(t.Context(), "cup", cup, o)
		if err != nil {
			t.Fatal(err)
		}
		d := s.Description
		if !d.StandIn || d.By != imagine.ByStandIn || d.WhyKind != c.kind || !strings.HasPrefix(d.Sentence, "a photograph of espresso") || s.Text != nil || s.Fusion != nil || s.NotFused == "" ||
			s.Decision.Label != "espresso" || s.Decision.By != imagine.ByImage {
			t.Errorf("%+v, %+v", d, s.Decision)
		}
		if len(told) != 1 || !slices.Equal(told, s.Notes) || !strings.Contains(told[0], "stands in, and decides nothing") {
			t.Errorf("told %q, notes %q", told, s.Notes)
		}
		o.Strict = true
		if s, err := imagine.OfImage(t.Context(), "cup", cup, o); err == nil || s != nil {
			t.Errorf("strict: %+v, %v", s, err)
		}
	}
	if _, err := imagine.OfImage(t.Context(), "text", []byte("text"), imagine.Options{Image: expert}); err == nil || !strings.HasPrefix(err.Error(), "text: ") || string(models.StageOf(err)) != "unsupported" {
		t.Error(err)
	}
	if _, err := imagine.OfImage(t.Context(), "cup", cup, imagine.Options{}); err == nil {
		t.Error("no model looks at the image, and that is no error")
	}
}

// TestNewImageExpert: values are no classes.
func TestNewImageExpert(t *testing.T) {
	m := open(t, testModels+"embedding", "mean", "0", "std", "1", "output-name", "embedding")
	c, err := classify.Open(t.Context(), m, classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if e, err := imagine.NewImageExpert(m.Name, c); err == nil || !c.Spec().Embedding || !strings.Contains(err.Error(), "embedding gives the values of output embedding") {
		t.Errorf("%+v, %v", e, err)
	}
}

// TestOfImageEnds: a run that is cancelled while the server is asked ends with ctx's error.
func TestOfImageEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	hang := openaitest.Hang()
	d, _ := describer(t, func(w http.ResponseWriter, r *openaitest.Request) {
		cancel()
		hang(w, r)
	})
	if s, err := imagine.OfImage(ctx, "cup", read(t, "coffee.png"), imagine.Options{Image: colours(t), Describer: d}); !errors.Is(err, context.Canceled) || s != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// TestRunsShareExperts: runs at the same time come to what each comes to alone.
func TestRunsShareExperts(t *testing.T) {
	d, _ := describer(t, openaitest.Describe(openaitest.Description{Sentence: "a bold blue", Class: "red"}))
	o := imagine.Options{Image: colours(t), Describer: d, Text: textExpert(t, testModels+"texts"), TextWeight: 1, Generator: generator(t, bundledModels+"glyphs")}
	cup := read(t, "coffee.png")
	var stories [8]*imagine.Story
	var group sync.WaitGroup
	for i := range stories {
		group.Go(func() {
			var err error
			if i%2 == 0 {
				stories[i], err = imagine.OfImage(t.Context(), "cup", cup, o)
			} else {
				stories[i], err = imagine.OfText(t.Context(), "a bold blue", o)
			}
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := o.Generator.Plan(stories[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for i, s := range stories {
		if s == nil {
			continue
		}
		if !reflect.DeepEqual(s, stories[i%2]) {
			t.Errorf("%+v, and %+v", s, stories[i%2])
		}
		if by := []string{imagine.ByDecision, imagine.ByText}[i%2]; s.Decision.By != by || s.Usage.Requests != []int{2, 0}[i%2] {
			t.Errorf("%d: %+v, %+v", i, s.Decision, s.Usage)
		}
	}
}

func TestOfText(t *testing.T) {
	glyphs, named, fallback := generator(t, bundledModels+"glyphs"), textExpert(t, testModels+"texts"), textExpert(t, bundledModels+"imagenet-descriptions")
	fallback.Fallback = true
	for _, c := range []struct {
		text           string
		reader, drawer bool // nobody has named them
		label, drawn   string
		doubt, refused string
		cant           bool // the reader knows no word of it
	}{
		{text: "blue sky", drawer: true, label: "blue", refused: "no other generator"},
		{text: "blue sky", label: "blue", refused: "says nothing to glyphs"},
		{text: "a bold blue", label: "blue", drawn: "a bold blue"},
		{text: "a bold slanted seven", reader: true, drawer: true, drawn: "a bold slanted seven", doubt: "words of the text are known to glyphs"},
		{text: "a bold slanted seven", drawer: true, drawn: "a bold slanted seven", cant: true},
		{text: "unheard of", drawer: true, cant: true, refused: "there is no class to draw"},
	} {
		texts := named
		if c.reader {
			texts = fallback
		}
		glyphs.Fallback = c.drawer
		var told []imagine.Notice
		s, err := imagine.OfText(t.Context(), c.text, imagine.Options{Text: texts, Generator: glyphs, Notify: func(n imagine.Notice) { told = append(told, n) }})
		if err != nil {
			t.Fatal(err)
		}
		if s.Description.By != imagine.ByCaller || s.Image != nil || s.Fusion != nil || (s.Decision == nil) != (c.label == "") || s.Decision != nil && s.Decision.Label != c.label {
			t.Errorf("%q: %+v", c.text, s)
		}
		if c.doubt != "" && (s.Text == nil || !strings.Contains(s.Text.Doubt, c.doubt) || len(told) != 1 || told[0].Kind != imagine.Remark || s.Notes[0] != told[0].Text) {
			t.Errorf("%q: %+v, told %+v", c.text, s.Text, told)
		}
		if c.cant && (s.Text != nil || len(told) != 1 || told[0].Kind != imagine.Warning || !strings.Contains(s.Notes[0], "texts can't read the description")) {
			t.Errorf("%q: %+v, told %+v", c.text, s.Text, told)
		}
		plan, err := glyphs.Plan(s)
		if c.refused != "" {
			if err == nil || plan != nil || !strings.Contains(err.Error(), c.refused) || s.Generation.None != err.Error() || s.Generation.Model != "" {
				t.Errorf("%q: %+v, %v", c.text, s.Generation, err)
			}
			continue
		}
		if err != nil || plan.Request.Text != c.drawn || plan.Subject != c.text || s.Generation.Text != c.drawn || s.Generation.Model != "glyphs" {
			t.Errorf("%q: %+v, %v", c.text, plan, err)
		}
	}
	// Nobody reads, and nobody draws.
	if s, err := imagine.OfText(t.Context(), "a seven", imagine.Options{}); err != nil || s.Decision != nil || s.Text != nil {
		t.Errorf("%+v, %v", s, err)
	}
}
