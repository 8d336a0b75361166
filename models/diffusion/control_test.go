package diffusion

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/runner/onnx"
)

// TestControlNets: what a folder's ControlNets are, and how their outputs are told.
func TestControlNets(t *testing.T) {
	for name, want := range map[string]struct {
		nets  int
		facts []string
	}{
		"control":       {1, []string{"controlnet=5 residuals for the unet, by their names (controlnet's graph)"}},
		"control-two":   {2, []string{"controlnet_1=5 residuals for the unet, by the order of its outputs (controlnet_1's graph)"}},
		"control-sdxl":  {1, []string{"controlnet=5 residuals for the unet, by the order of its outputs (controlnet's graph)"}},
		"control-fused": {2, []string{"ControlNets=2 (unet's graph, which has them in it)"}},
	} {
		p, err := ReadFolder(whole(t, name))
		must(t, err)
		s, err := p.Spec()
		must(t, err)
		var facts []string
		for _, f := range p.Facts {
			facts = append(facts, f.Key+"="+f.Value+" ("+f.Source+")")
		}
		for _, fact := range want.facts {
			if !slices.Contains(facts, fact) {
				t.Errorf("%s: no fact %q among %q", name, fact, facts)
			}
		}
		if s.ControlNets() != want.nets {
			t.Errorf("%s: %d ControlNets, want %d", name, s.ControlNets(), want.nets)
		}
	}
}

// TestControlProblems: each says what is wrong, where, and what to do.
func TestControlProblems(t *testing.T) {
	for name, c := range map[string]struct {
		of     string
		change func(folder string)
		want   string
	}{
		"none": {"control", func(f string) { must(t, os.RemoveAll(filepath.Join(f, "controlnet"))) },
			"unet takes the residuals of a ControlNet (down_block_0_additional_residual, ...), and there is none"},
		"a plain UNet": {"control", func(f string) {
			must(t, os.RemoveAll(filepath.Join(f, "unet")))
			must(t, os.CopyFS(filepath.Join(f, "unet"), os.DirFS(tiny("sd/unet"))))
		}, "unet: it takes nothing from a ControlNet, as StableDiffusionControlNetPipeline has it"},
		"a UNet in its place": {"control", func(f string) {
			must(t, os.RemoveAll(filepath.Join(f, "controlnet")))
			must(t, os.CopyFS(filepath.Join(f, "controlnet"), os.DirFS(filepath.Join(f, "unet"))))
		}, "it is the UNet for ControlNets. Lay it in"},
		"another graph in its place": {"control", func(f string) {
			must(t, os.RemoveAll(filepath.Join(f, "controlnet")))
			must(t, os.CopyFS(filepath.Join(f, "controlnet"), os.DirFS(filepath.Join(f, "vae_decoder"))))
		}, "controlnet: what its input latent_sample"},
		"unknown class": {"control", func(f string) {
			set(t, filepath.Join(f, "model_index.json"), map[string]any{"_class_name": "StableDiffusionXLControlNetUnionPipeline"})
		}, "can't be run"},
	} {
		folder := whole(t, c.of)
		c.change(folder)
		p, err := ReadFolder(folder)
		must(t, err)
		if _, err = p.Spec(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// TestControlRequests: images of control are for pipelines that follow them, one for each ControlNet.
func TestControlRequests(t *testing.T) {
	edges := ControlImage{Image: picture(t, "edges.png")}
	scaled := func(scale, start, end float64) []ControlImage {
		c := edges
		c.Scale, c.Start, c.End = &scale, start, end
		return []ControlImage{c}
	}
	for name, c := range map[string]struct {
		of      string
		request Request
		want    string // "": none
	}{
		"to a plain pipeline":   {"sd", Request{Control: []ControlImage{edges}}, "sd takes no image of control: it has no ControlNet"},
		"guess of a plain one":  {"sd", Request{Guess: true}, "guess mode is one's"},
		"none":                  {"control", Request{}, "control has a ControlNet: give the image"},
		"one":                   {"control", Request{Control: []ControlImage{edges}}, ""},
		"one of two":            {"control-two", Request{Control: []ControlImage{edges}}, "has 2 ControlNets (controlnet, controlnet_1): give an image of control for each, in this order, and not 1"},
		"guess in a UNet":       {"control-fused", Request{Control: []ControlImage{edges, edges}, Guess: true}, "in its UNet's"},
		"a negative scale":      {"control", Request{Control: scaled(-0.5, 0, 1)}, ""},
		"a scale far too large": {"control", Request{Control: scaled(1e6, 0, 1)}, "from -100 to 100"},
		"an end before":         {"control", Request{Control: scaled(1, 0.5, 0.5)}, "the end after the start"},
	} {
		p := pipeline(t, c.of, Options{})
		filled, err := p.Fill(c.request)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || models.StageOf(err) != models.StageInput) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if err == nil && (filled.Width != 96 || filled.Height != 64) {
			t.Errorf("%s: %dx%d, and the image of control has 96x64", name, filled.Width, filled.Height)
		}
	}
	plain, guessing := pipeline(t, "control", Options{}), changedControl(t, map[string]any{"global_pool_conditions": true})
	for _, c := range []struct {
		p    *Pipeline
		want bool
	}{{plain, false}, {guessing, true}} {
		r, err := c.p.Fill(Request{Control: []ControlImage{edges}})
		if err != nil || r.Guess != c.want || *r.Control[0].Scale != 1 || r.Control[0].End != 1 {
			t.Errorf("%+v, %v", r, err)
		}
	}
}

func changedControl(t *testing.T, keys map[string]any) *Pipeline {
	folder := whole(t, "control")
	set(t, filepath.Join(folder, "controlnet/config.json"), keys)
	m, err := ReadFolder(folder)
	must(t, err)
	p, err := Open(t.Context(), m, Options{})
	must(t, err)
	t.Cleanup(func() { p.Close() })
	return p
}

// TestControlHeldTogether: with one graph in memory at a time, UNet and ControlNets stay open from step to step, and the
// picture is the same.
func TestControlHeldTogether(t *testing.T) {
	request := Request{Prompt: "a fox", Steps: 3, Control: []ControlImage{{Image: picture(t, "edges.png")}}, Width: 64, Height: 64}
	var pictures [2][]byte
	for i, low := range []bool{false, true} {
		runs := map[string]int{}
		p := pipeline(t, "control", Options{LowMemory: low, Ran: func(r Run) { runs[r.Part]++ }})
		for s := range p.Samples(context.Background(), slices.Values([]Request{request})) {
			must(t, s.Err)
			pictures[i] = s.Image.Pix
		}
		if runs[UNet] != 4 || runs[ControlNet] != 4 { // PNDM's three steps are four calls
			t.Errorf("runs: %v", runs)
		}
		if open := len(p.open); low && open != 1 {
			t.Errorf("%d graphs are open at the end", open)
		}
	}
	if !slices.Equal(pictures[0], pictures[1]) {
		t.Error("the pictures differ")
	}
}

func TestResidualsOf(t *testing.T) {
	for _, c := range []struct{ names, want string }{
		{"sample down_block_1 down_block_0 mid_block_additional_residual", "down_block_0 down_block_1 mid_block_additional_residual"},
		{"down_block_additional_residuals.0 mid_block_additional_residual", "down_block_additional_residuals.0 mid_block_additional_residual"},
		{"down_block_res_samples_01 mid_block_res_sample down_block_res_samples_00", "down_block_res_samples_00 down_block_res_samples_01 mid_block_res_sample"},
		{"down_block_res_samples mid_block_res_sample 8 9", ""}, // PyTorch's own names: by their order
		{"down_block_0 down_block_2 mid_block", ""},
		{"down_block_0 down_block_00 mid_block", ""},
		{"down_block_0 down_block_1", ""},
		{"down_block_0 mid_block_1 mid_block_2", ""},
		{"down_block_99999999999999999999 mid_block", ""},
	} {
		var values []onnx.Value
		for _, name := range strings.Fields(c.names) {
			values = append(values, onnx.Value{Name: name})
		}
		got, ok := residualsOf(values)
		if ok != (c.want != "") || ok && strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, %v", c.names, got, ok)
		}
	}
}
