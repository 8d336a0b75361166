package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// layered is a pipeline's folder of those that it is laid over, see models/diffusion/testdata/README.md.
func layered(t *testing.T, names ...string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), names[len(names)-1])
	for _, name := range names {
		err := filepath.WalkDir(pipelines+name, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			within, err := filepath.Rel(pipelines+name, path)
			if err != nil {
				return err
			}
			to := filepath.Join(folder, within)
			if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
				return err
			}
			return os.WriteFile(to, []byte(read(t, path)), 0o644)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

// TestControl: a pipeline with a ControlNet follows an image, says so, and wants one.
func TestControl(t *testing.T) {
	needLibrary(t)
	dir, edges, photo := t.TempDir(), pipelines+"goldens/edges.png", pipelines+"goldens/picture.png"
	out := filepath.Join(dir, "fox.png")
	one := []string{"generate", "-m", layered(t, "sd", "control"), "--steps", "3", "--seed", "7", "a red fox"}
	two := []string{"generate", "-m", layered(t, "sd", "control", "control-two"), "--steps", "3", "--seed", "7", "a red fox"}
	made(t, exitOK, "control: scale 0.5, from 0 to 0.7 of the steps", with(one, "--control", edges, "--control-scale", "0.5", "--control-end", "0.7", "-o", out)...)
	if p := decoded(t, out); p.Width != 96 || p.Height != 64 {
		t.Errorf("%dx%d, and the image of control has 96x64", p.Width, p.Height)
	}
	texts := textOf(t, read(t, out))
	for key, want := range map[string]string{"ortho:control-scale": "0.5", "ortho:control-start": "0", "ortho:control-end": "0.7", "ortho:fit": "crop"} {
		if texts[key] != want {
			t.Errorf("%s is %q, want %q", key, texts[key], want)
		}
	}
	if len(texts["ortho:control-sha256"]) != 64 {
		t.Errorf("control-sha256 is %q", texts["ortho:control-sha256"])
	}
	made(t, exitOK, "picture.png, 64x64, is cropped", with(two, "--control", edges, "--control", photo, "--control-guess", "-o", filepath.Join(dir, "two.png"))...)
	if texts := textOf(t, read(t, filepath.Join(dir, "two.png"))); len(strings.Fields(texts["ortho:control-sha256"])) != 2 || texts["ortho:control-guess"] != "true" {
		t.Errorf("%v", texts)
	}
	folder := filepath.Join(dir, "foxes")
	made(t, exitOK, "", with(one, "--control", edges, "-n", "2", "-o", folder)...)
	made(t, exitFailed, "control", with(one, "--control", photo, "-n", "2", "-o", folder, "--resume")...)
	made(t, exitOK, "changes nothing: --control-scale is 0", with(one, "--control", edges, "--control-scale", "0", "-o", filepath.Join(dir, "zero.png"))...)
	for want, args := range map[string][]string{
		"control has a ControlNet: give the image that the picture is to follow": one,
		"has 2 ControlNets (controlnet, controlnet_1)":                           with(two, "--control", edges),
		"sd takes no image of control":                                           with(fox, "a fox", "--control", edges),
		"--control-scale is of --control":                                        with(one, "--control-scale", "1"),
		"--control-guess is of --control":                                        with(one, "--control-guess"),
		"--control-start 1.5: from 0 to 1":                                       with(one, "--control", edges, "--control-start", "1.5"),
		"leave no step between them":                                             with(one, "--control", edges, "--control-start", "0.5", "--control-end", "0.4"),
		"--control-scale is given 2 times, and --control 3 times":                with(two, "--control", edges, "--control", edges, "--control", edges, "--control-scale", "1", "--control-scale", "1"),
		"--control is for pipelines":                                             {"generate", photo, "--control", edges},
	} {
		made(t, exitUsage, want, with(args, "-o", filepath.Join(dir, "no.png"))...)
	}
}

// TestLoRABesides: a file that no graph reads is told, by name.
func TestLoRABesides(t *testing.T) {
	needLibrary(t)
	folder := layered(t, "sd")
	header := `{"unet.lora_A.weight":{}}`
	write(t, filepath.Join(folder, "pytorch_lora_weights.safetensors"), string(append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...)))
	made(t, exitOK, "pytorch_lora_weights.safetensors is not read: a LoRA counts where", "generate", "-m", folder, "a fox", "--steps", "2", "-o", filepath.Join(t.TempDir(), "a.png"))
	if code, stdout, _ := execute(t, "", "inspect", "-m", folder); code != exitOK || !strings.Contains(stdout, "LoRA") {
		t.Errorf("inspect: exit %d, %s", code, stdout)
	}
}
