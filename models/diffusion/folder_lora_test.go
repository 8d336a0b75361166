package diffusion

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/runner/onnx"
)

func safetensors(header string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
}

// TestLoRAs: weights of LoRAs in a folder are found by what is in them, and told.
func TestLoRAs(t *testing.T) {
	lora := safetensors(`{"unet.down_blocks.0.attentions.0.proj_in.lora_A.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`)
	folder := changed(t, "sd", func(f string) {
		must(t, os.MkdirAll(filepath.Join(f, "lora/deeper"), 0o755))
		for name, data := range map[string][]byte{
			"style.safetensors":          lora,
			"lora/adapter.onnx_adapter":  {1},
			"lora/deeper/a.safetensors":  lora, // not looked for
			"unet/model.safetensors":     safetensors(`{"conv_in.weight":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`),
			"empty.safetensors":          nil,
			"not.safetensors":            []byte("lora lora lora lora"),
			"lora/notes.txt":             []byte("lora"),
			"text_encoder/x.SAFETENSORS": safetensors(`{"lora_te_text_model.lora_up.weight":{}}`),
		} {
			must(t, os.WriteFile(filepath.Join(f, name), data, 0o644))
		}
	})
	p, err := ReadFolder(folder)
	must(t, err)
	if want := []string{"style.safetensors", "lora/adapter.onnx_adapter", "text_encoder/x.SAFETENSORS"}; !slices.Equal(p.LoRAs, want) {
		t.Errorf("%q, want %q", p.LoRAs, want)
	}
	if f := p.Facts[len(p.Facts)-1]; f.Key != "LoRA" || !strings.Contains(f.Value, "not read") {
		t.Errorf("%+v", f)
	}
	if _, err := p.Spec(); err != nil {
		t.Error(err)
	}
}

// TestLoRAInputs: a graph that takes a LoRA's weights is told so.
func TestLoRAInputs(t *testing.T) {
	p, err := ReadFolder(tiny("sd"))
	must(t, err)
	unet := *p.Part(UNet).Graph
	unet.Inputs = append(slices.Clone(unet.Inputs), onnx.Value{Name: "unet.mid_block.attentions.0.proj_in.lora_A.weight", Kind: "tensor", Type: onnx.Float, Ranked: true})
	p.Part(UNet).Graph = &unet
	r := folderResolver{Folder: p}
	r.denoiser()
	if len(r.problems) != 1 || !strings.Contains(r.problems[0].Error(), "it is for the weights of a LoRA") {
		t.Errorf("%v", r.problems)
	}
}

func FuzzSafetensorsHeader(f *testing.F) {
	f.Add(safetensors(`{"lora":{}}`))
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff{"))
	f.Add([]byte("short"))
	f.Fuzz(func(t *testing.T, data []byte) {
		header, err := safetensorsHeader(bytes.NewReader(data))
		if err == nil && (len(header) > maxHeader || len(header) > len(data)) {
			t.Errorf("%d bytes of %d", len(header), len(data))
		}
	})
}
