package dual

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/embed"
	"ortho/runner"
	"ortho/runner/library"
)

// goldens are what transformers and open_clip's rules give: see scripts/goldens/dual.py.
type goldens struct {
	Photos, Labels, Ensemble []string
	Template                 string
	Models                   map[string]struct {
		IDs           [][]int64
		Images, Texts [][]float64
		Scores        [][]float64
		Scale, Bias   float64
	}
}

func readGoldens(t testing.TB) (g goldens) {
	t.Helper()
	data, err := os.ReadFile("testdata/goldens.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func needsRuntime(t testing.TB) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
}

func opened(t testing.TB, folder string, set ...string) *Model {
	t.Helper()
	var s models.Settings
	for i := 0; i < len(set); i += 2 {
		if err := s.Set(set[i], set[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := Open(t.Context(), folder, s, runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func near(got []float32, want []float64, within float64) bool {
	return slices.EqualFunc(got, want, func(a float32, b float64) bool { return math.Abs(float64(a)-b) <= within*max(1, math.Abs(b)) })
}

// TestLikeTransformers: token ids, and embeddings of images and texts, of every layout.
func TestLikeTransformers(t *testing.T) {
	needsRuntime(t)
	g := readGoldens(t)
	for name, want := range g.Models {
		t.Run(name, func(t *testing.T) {
			m := opened(t, filepath.Join("testdata", name))
			texts, err := m.OpenTexts(t.Context(), runner.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer texts.Close()
			for i, label := range g.Labels {
				text := strings.ReplaceAll(g.Template, "{}", label)
				ids, err := texts.Tokens(text)
				if err != nil || !slices.Equal(ids, want.IDs[i]) {
					t.Errorf("%.40q: %v, %v, want %v", text, ids, err, want.IDs[i])
				}
				e, cut, err := texts.Embed(t.Context(), text)
				if err != nil || !near(e, want.Texts[i], 1e-5) {
					t.Errorf("%.40q: %v, %v, want %v", text, e, err, want.Texts[i])
				}
				if cut != (len(label) > 300) {
					t.Errorf("%.40q: cut %t", text, cut)
				}
			}
			images, err := embed.Open(t.Context(), m.Image, embed.Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer images.Close()
			for i, photo := range g.Photos {
				data, err := os.ReadFile(filepath.Join("../../cmd/ortho/testdata/photos", photo))
				if err != nil {
					t.Fatal(err)
				}
				made, err := images.Image(t.Context(), data)
				if err != nil || !near(made.Embedding, want.Images[i], 1e-5) {
					t.Errorf("%s: %v, %v, want %v", photo, made.Embedding, err, want.Images[i])
				}
			}
		})
	}
}

// TestFacts: what is said of a model, and by whom.
func TestFacts(t *testing.T) {
	needsRuntime(t)
	g := readGoldens(t)
	for name, want := range map[string][]models.Fact{
		"clip-joint":      {{Key: "tokenizer", Value: "912 ids", Source: "tokenizer.json"}, {Key: "text-length", Value: "77", Source: "tokenizer_config.json (model_max_length)"}, {Key: "text-padding", Value: "id 911", Source: "tokenizer_config.json (pad_token)"}, {Key: "activation", Value: "softmax", Source: "config.json (model_type clip)"}},
		"clip-split":      {{Key: "logit-scale", Value: "100", Source: "default (CLIP's training ends at 100, the most that it allows)"}},
		"siglip-joint":    {{Key: "text-length", Value: "64", Source: "tokenizer_config.json (model_max_length)"}, {Key: "activation", Value: "sigmoid", Source: "config.json (model_type siglip)"}},
		"siglip-split":    {{Key: "text output", Value: "pooler_output float32[batch_size,32]", Source: "graph"}, {Key: "logit-scale", Value: "give logit-scale and logit-bias: those that it was trained to"}},
		"openclip":        {{Key: "text input", Value: "text int32[1,77]", Source: "graph"}, {Key: "text-length", Value: "77", Source: "graph"}, {Key: "activation", Value: "softmax", Source: "config.json (no init_logit_bias)"}},
		"openclip-siglip": {{Key: "activation", Value: "sigmoid", Source: "config.json (init_logit_bias)"}, {Key: "text-cleaning", Value: "HTML's entities are characters, white space in a row is one space; without ASCII's signs, in lower case", Source: "config.json (text_cfg.tokenizer_kwargs)"}},
	} {
		m := opened(t, filepath.Join("testdata", name))
		for _, fact := range want {
			if !slices.Contains(m.Facts, fact) {
				t.Errorf("%s: %+v is not among %+v", name, fact, m.Facts)
			}
		}
		logits, err := m.Logits()
		if strings.Contains(name, "joint") {
			if w := g.Models[name]; err != nil || math.Abs(logits.Scale/w.Scale-1) > 1e-5 || math.Abs(logits.Bias-w.Bias) > 1e-5 {
				t.Errorf("%s: %+v, %v, want a scale of %v and a bias of %v", name, logits, err, w.Scale, w.Bias)
			}
		}
		if (err != nil) != (name == "siglip-split" || name == "openclip-siglip") {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := opened(t, "testdata/siglip-split", "logit-scale", "12.5", "logit-bias", "-3")
	if logits, err := m.Logits(); err != nil || logits != (Logits{12.5, -3, models.Sigmoid}) {
		t.Errorf("%+v, %v", logits, err)
	}
}

// TestHeadBesideHalves: halves have the scale and bias of the joint graph that lies beside them.
func TestHeadBesideHalves(t *testing.T) {
	needsRuntime(t)
	folder := t.TempDir()
	if err := os.CopyFS(folder, os.DirFS("testdata/siglip-split")); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile("testdata/siglip-joint/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "onnx/model.onnx"), data, 0o644); err != nil {
		t.Fatal(err)
	}
	want := readGoldens(t).Models["siglip-split"]
	logits, err := opened(t, folder).Logits()
	if err != nil || math.Abs(logits.Scale/want.Scale-1) > 1e-5 || math.Abs(logits.Bias-want.Bias) > 1e-5 {
		t.Errorf("%+v, %v", logits, err)
	}
}

// TestWrongHalves: what is missing, or of another model, is told.
func TestWrongHalves(t *testing.T) {
	needsRuntime(t)
	put := func(folder string, files map[string]string) string {
		for to, from := range files {
			data, err := os.ReadFile(filepath.Join("testdata", from))
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(folder, to)
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return folder
	}
	const vision, text = "clip-split/onnx/vision_model.onnx", "clip-split/onnx/text_model.onnx"
	configs := map[string]string{"config.json": "clip-split/config.json", "preprocessor_config.json": "clip-split/preprocessor_config.json", "tokenizer.json": "clip-split/tokenizer.json", "tokenizer_config.json": "clip-split/tokenizer_config.json"}
	for _, c := range []struct {
		files map[string]string
		says  string
	}{
		{map[string]string{"onnx/vision_model.onnx": vision}, "has onnx/vision_model.onnx, but not the other half of the model, onnx/text_model.onnx"},
		{map[string]string{"text_model.onnx": text}, "has text_model.onnx, but not the other half of the model, vision_model.onnx"},
		{map[string]string{"textual/model.onnx": text}, "has textual/model.onnx, but not the other half of the model, visual/model.onnx"},
		{map[string]string{"vision_model.onnx": vision, "text_model.onnx": vision}, "takes no token ids: is it the half for images?"},
		{map[string]string{"vision_model.onnx": vision, "text_model.onnx": "siglip-split/onnx/text_model.onnx"}, "an image's embedding has 24 numbers, and a text's 32: the halves are of two models"},
		{map[string]string{"vision_model.onnx": vision, "text_model.onnx": text, "tokenizer.json": ""}, "there is no tokenizer.json"},
	} {
		folder := t.TempDir()
		all := map[string]string{}
		for _, from := range []map[string]string{configs, c.files} {
			for to, name := range from {
				if all[to] = name; name == "" {
					delete(all, to)
				}
			}
		}
		put(folder, all)
		_, err := Open(t.Context(), folder, models.Settings{}, runner.Options{})
		if err == nil || !strings.Contains(filepath.ToSlash(err.Error()), c.says) {
			t.Errorf("%v: %v\ndoes not say %q", c.files, err, c.says)
		}
		if half := (*HalfError)(nil); !Is(folder) || len(c.files) == 1 && !errors.As(err, &half) {
			t.Errorf("%v: %v", c.files, err)
		}
	}
	for _, name := range []string{"../testdata/embedding", "testdata/none", "testdata"} {
		if Is(name) {
			t.Errorf("%s is taken for a model of images and texts", name)
		}
	}
}
