package diffusion

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
)

// tiny is a pipeline of diffusion's tests.
func tiny(name string) string { return filepath.Join("testdata", name) }

// changed is a copy of a tiny pipeline, with changes.
func changed(t testing.TB, name string, change func(folder string)) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), name)
	if err := os.CopyFS(folder, os.DirFS(tiny(name))); err != nil {
		t.Fatal(err)
	}
	change(folder)
	return folder
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// set changes keys of a JSON file; nil removes one.
func set(t testing.TB, file string, keys map[string]any) {
	t.Helper()
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		data = []byte("{}")
	}
	var o map[string]any
	must(t, json.Unmarshal(data, &o))
	for k, v := range keys {
		if o[k] = v; v == nil {
			delete(o, k)
		}
	}
	data, err = json.Marshal(o)
	must(t, err)
	must(t, os.WriteFile(file, data, 0o644))
}

func TestReadFolder(t *testing.T) {
	for _, c := range []struct {
		name     string
		texts    int
		xl, cons bool
		masked   int
		encoder  bool
		width    int
		steps    int
		guidance float64
		facts    []string // key=value (source)
	}{
		{"sd", 1, false, false, 0, true, 64, 50, 7.5, []string{"class=StableDiffusionPipeline (model_index.json)", "scheduler=pndm (scheduler/scheduler_config.json)",
			"size=64x64 (unet/config.json)", "steps=50 (diffusers' default)", "VAE scaling factor=0.18215 (vae_decoder/config.json)", "latents=4 channels (unet/config.json)"}},
		{"sdxl", 2, true, false, 0, true, 64, 50, 5, []string{"VAE scaling factor=0.13025 (vae_decoder/config.json)"}},
		{"lcm", 1, false, true, 0, true, 64, 4, 8.5, []string{"scheduler=lcm (scheduler/scheduler_config.json)"}},
		{"inpaint", 1, false, false, 5, true, 64, 50, 7.5, []string{"latents=4 channels, and 5 of mask and masked image (unet/config.json)"}},
		{"old", 1, false, false, 0, true, 512, 50, 7.5, []string{"latents=4 channels (unet's graph)", "VAE scaling factor=0.18215 (default)", "size=512x512 (default)"}},
		{"sd-fp16", 1, false, false, 0, true, 64, 50, 7.5, nil},
	} {
		p, err := ReadFolder(tiny(c.name))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		s, err := p.Spec()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if len(s.Texts) != c.texts || s.XL != c.xl || s.Consistency != c.cons || s.Denoiser.Masked != c.masked || (s.Encoder != nil) != c.encoder ||
			s.Width != c.width || s.Height != c.width || s.Scale != 8 || s.Steps != c.steps || s.Guidance != c.guidance {
			t.Errorf("%s: %+v", c.name, s)
		}
		var facts []string
		for _, f := range p.Facts {
			facts = append(facts, f.Key+"="+f.Value+" ("+f.Source+")")
		}
		for _, want := range c.facts {
			if !slices.Contains(facts, want) {
				t.Errorf("%s: no fact %q among %q", c.name, want, facts)
			}
		}
		for _, file := range p.Files() {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

// TestFolderDefaults: what a pipeline is known for, and what its ortho.json says.
func TestFolderDefaults(t *testing.T) {
	for name, c := range map[string]struct {
		change   func(folder string)
		steps    int
		guidance float64
		width    int
		schedule string
	}{
		"turbo": {func(f string) {
			set(t, filepath.Join(f, "model_index.json"), map[string]any{"_name_or_path": "stabilityai/sd-turbo"})
		}, 1, 0, 64, "pndm"},
		"an LCM scheduler": {func(f string) {
			set(t, filepath.Join(f, "scheduler/scheduler_config.json"), map[string]any{"_class_name": "LCMScheduler"})
		}, 4, 1, 64, "lcm"},
		"ortho.json": {func(f string) {
			set(t, filepath.Join(f, "ortho.json"), map[string]any{"steps": 7, "guidance": 3.5, "size": []int{128, 64}, "scheduler": "euler", "negative": "ugly"})
		}, 7, 3.5, 128, "euler"},
		"an unknown scheduler, named anew": {func(f string) {
			set(t, filepath.Join(f, "scheduler/scheduler_config.json"), map[string]any{"_class_name": "SASolverScheduler"})
			set(t, filepath.Join(f, "ortho.json"), map[string]any{"scheduler": "dpm++2m"})
		}, 50, 7.5, 64, "dpm++2m"},
	} {
		p, err := ReadFolder(changed(t, "sd", c.change))
		must(t, err)
		s, err := p.Spec()
		must(t, err)
		if s.Steps != c.steps || s.Guidance != c.guidance || s.Width != c.width || s.Schedule.Name() != c.schedule {
			t.Errorf("%s: %d steps, guidance %v, width %d, %s", name, s.Steps, s.Guidance, s.Width, s.Schedule.Name())
		}
	}
}

// TestFolderProblems: each says what is wrong, where, and what to do.
func TestFolderProblems(t *testing.T) {
	remove := func(name string) func(string) {
		return func(f string) { must(t, os.RemoveAll(filepath.Join(f, name))) }
	}
	key := func(file, name string, value any) func(string) {
		return func(f string) { set(t, filepath.Join(f, filepath.FromSlash(file)), map[string]any{name: value}) }
	}
	write := func(file, text string) func(string) {
		return func(f string) {
			must(t, os.WriteFile(filepath.Join(f, filepath.FromSlash(file)), []byte(text), 0o644))
		}
	}
	take := func(from, part string) func(string) {
		return func(f string) {
			must(t, os.RemoveAll(filepath.Join(f, part)))
			must(t, os.CopyFS(filepath.Join(f, part), os.DirFS(filepath.Join(tiny(from), part))))
		}
	}
	for name, c := range map[string]struct {
		of     string
		change func(folder string)
		want   []string
	}{
		"no unet":           {"sd", remove("unet"), []string{"no unet", "unet", "export"}},
		"no decoder":        {"sd", remove("vae_decoder"), []string{"no vae_decoder", "export"}},
		"no text encoder":   {"sd", remove("text_encoder"), []string{"no text_encoder", "export"}},
		"no second encoder": {"sdxl", remove("text_encoder_2"), []string{"no text_encoder_2"}},
		"no tokenizer":      {"sd", remove("tokenizer"), []string{"no tokenizer", "copy"}},
		"no vocabulary":     {"sd", remove("tokenizer/vocab.json"), []string{"tokenizer", "vocab.json"}},
		"no scheduler":      {"sd", remove("scheduler"), []string{"no scheduler", "scheduler_config.json", "copy"}},
		"no weights":        {"old", remove("unet/weights.pb"), []string{"unet", "weights.pb", "copy"}},
		"another kind":      {"sd", key("model_index.json", "_class_name", "StableDiffusion3Pipeline"), []string{`"StableDiffusion3Pipeline"`, "ortho runs"}},
		"no class":          {"sd", key("model_index.json", "_class_name", nil), []string{`class ""`}},
		"widths": {"sd", func(f string) {
			must(t, os.RemoveAll(f+"/text_encoder"))
			must(t, os.CopyFS(f+"/text_encoder", os.DirFS(tiny("sdxl/text_encoder_2"))))
		}, []string{"width", "two models"}},
		"beta schedule":               {"sd", key("scheduler/scheduler_config.json", "beta_schedule", "sawtooth"), nil},
		"unet of SDXL":                {"sd", take("sdxl", "unet"), []string{"text_encoder_2"}},
		"unet of a consistency model": {"inpaint", take("lcm", "unet"), nil},
	} {
		p, err := ReadFolder(changed(t, c.of, c.change))
		must(t, err)
		_, err = p.Spec()
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want it to say %q", name, err, want)
			}
		}
		if c.want == nil && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, c := range map[string]struct {
		change func(folder string)
		want   []string
	}{
		"damaged index":  {write("model_index.json", "{"), []string{"model_index.json", "not JSON"}},
		"class no text":  {key("model_index.json", "_class_name", 7), []string{"model_index.json", "_class_name"}},
		"damaged graph":  {write("unet/model.onnx", "<html>"), []string{"unet", "model.onnx"}},
		"damaged config": {write("unet/config.json", "[]"), []string{"unet", "config.json"}},
		"two graphs": {func(f string) {
			must(t, os.Rename(f+"/unet/model.onnx", f+"/unet/a.onnx"))
			must(t, os.Link(f+"/unet/a.onnx", f+"/unet/b.onnx"))
		}, []string{"unet", "2 .onnx files"}},
		"sidecar's key":   {write("ortho.json", `{"cfg": 7}`), []string{"ortho.json", `"cfg"`, "guidance"}},
		"sidecar's steps": {write("ortho.json", `{"steps": 0}`), []string{"ortho.json", "steps: 0"}},
		"sidecar's size":  {write("ortho.json", `{"size": 100}`), []string{"ortho.json", "100x100", "multiples of 16"}},
		"huge size":       {key("unet/config.json", "sample_size", 1<<30), []string{"unet/config.json", "up to 16384"}},
	} {
		_, err := ReadFolder(changed(t, "sd", c.change))
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want it to say %q", name, err, want)
			}
		}
	}
	if IsFolder(t.TempDir()) || IsFolder(tiny("sd/unet")) || !IsFolder(tiny("sd")) {
		t.Error("a pipeline is known by its model_index.json")
	}
}

// TestUnscheduled: a scheduler that can't run does not keep a pipeline from running by another.
func TestUnscheduled(t *testing.T) {
	for name, c := range map[string]struct{ key, value, want string }{
		"another class": {"_class_name", "SASolverScheduler", "SASolverScheduler"},
		"beta schedule": {"beta_schedule", "sawtooth", "sawtooth"},
	} {
		p, err := ReadFolder(changed(t, "sd", func(f string) { set(t, f+"/scheduler/scheduler_config.json", map[string]any{c.key: c.value}) }))
		must(t, err)
		s, err := p.Spec()
		must(t, err)
		if s.Unscheduled == nil || !strings.Contains(s.Unscheduled.Error(), c.want) {
			t.Errorf("%s: %v, want it to say %q", name, s.Unscheduled, c.want)
		}
		if !slices.ContainsFunc(p.Facts, func(f models.Fact) bool { return f.Key == "scheduler" && f.Source == "" }) {
			t.Errorf("%s: the facts don't tell: %v", name, p.Facts)
		}
	}
}

// TestFolderWithoutEncoder: such a pipeline runs, but not from images.
func TestFolderWithoutEncoder(t *testing.T) {
	p, err := ReadFolder(changed(t, "sd", func(f string) { must(t, os.RemoveAll(f+"/vae_encoder")) }))
	must(t, err)
	if s, err := p.Spec(); err != nil || s.Encoder != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// FuzzFolder: the JSON files of a folder never panic.
func FuzzFolder(f *testing.F) {
	for _, file := range []string{"model_index.json", "unet/config.json", "vae_decoder/config.json", "text_encoder/config.json", "scheduler/scheduler_config.json"} {
		data, err := os.ReadFile(filepath.Join(tiny("sdxl"), filepath.FromSlash(file)))
		must(f, err)
		f.Add(file, string(data))
	}
	f.Add("ortho.json", `{"steps": 4, "size": [64, 128], "guidance": 0, "scheduler": "lcm", "negative": ""}`)
	folder := filepath.Join(f.TempDir(), "p")
	must(f, os.CopyFS(folder, os.DirFS(tiny("sdxl"))))
	f.Fuzz(func(t *testing.T, file, text string) {
		if !slices.Contains([]string{"model_index.json", "unet/config.json", "vae_decoder/config.json", "text_encoder/config.json", "scheduler/scheduler_config.json", "ortho.json"}, file) {
			t.Skip()
		}
		name := filepath.Join(folder, filepath.FromSlash(file))
		old, err := os.ReadFile(name)
		must(t, os.WriteFile(name, []byte(text), 0o644))
		defer func() {
			if err != nil {
				os.Remove(name)
			} else {
				os.WriteFile(name, old, 0o644)
			}
		}()
		if p, err := ReadFolder(folder); err == nil {
			p.Spec()
		}
	})
}

// TestPartBelow: a part's graph may lie in its folder onnx, as other models' do; hidden files
// are none.
func TestPartBelow(t *testing.T) {
	folder := changed(t, "sd", func(folder string) {
		unet := filepath.Join(folder, "unet")
		must(t, os.Mkdir(filepath.Join(unet, "onnx"), 0o700))
		must(t, os.Rename(filepath.Join(unet, "model.onnx"), filepath.Join(unet, "onnx", "model.onnx")))
		must(t, os.WriteFile(filepath.Join(folder, "vae_decoder", "._model.onnx"), []byte("x"), 0o600))
	})
	p, err := ReadFolder(folder)
	must(t, err)
	_, err = p.Spec()
	must(t, err)
	for _, name := range []string{"unet/onnx/model.onnx", "unet/config.json", "vae_decoder/model.onnx"} {
		if !slices.Contains(p.Files(), filepath.Join(folder, filepath.FromSlash(name))) {
			t.Errorf("%s is not in %q", name, p.Files())
		}
	}
}
