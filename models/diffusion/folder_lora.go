package diffusion

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// loras finds the weights of LoRAs in the pipeline's folder and those in it. Graphs have no use for them: a LoRA is added to
// the weights before they are exported.
func (r *folderResolver) loras() error {
	folders := []string{"."}
	for i := 0; i < len(folders); i++ {
		entries, err := fs.ReadDir(r.folder, folders[i])
		if err != nil {
			if i > 0 { // of no concern
				continue
			}
			return err
		}
		for _, e := range entries {
			name := path.Join(folders[i], e.Name())
			if e.IsDir() && i == 0 {
				folders = append(folders, name)
			} else if isLoRA(r.folder, name) {
				r.LoRAs = append(r.LoRAs, name)
			}
		}
	}
	if r.LoRAs != nil {
		r.fact("LoRA", "not read: add it to the weights (fuse_lora of diffusers), and export the pipeline anew", strings.Join(r.LoRAs, ", "))
	}
	return nil
}

// isLoRA reports whether a file has the weights of a LoRA: tensors of a safetensors file are named so, and ONNX Runtime's
// adapters have an ending of their own.
func isLoRA(folder fs.FS, name string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".onnx_adapter":
		return true
	case ".safetensors":
	default:
		return false
	}
	f, err := folder.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	header, err := safetensorsHeader(f)
	return err == nil && bytes.Contains(bytes.ToLower(header), []byte("lora"))
}

// maxHeader is how much of a safetensors file's header is looked at: of a LoRA's, all tensors are the LoRA's.
const maxHeader = 1 << 20

// safetensorsHeader is the beginning of the JSON that a safetensors file begins with, of 1 MiB at most.
func safetensorsHeader(r io.Reader) ([]byte, error) {
	var size [8]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, fmt.Errorf("read a safetensors header: %w", err)
	}
	header, err := io.ReadAll(io.LimitReader(r, int64(min(binary.LittleEndian.Uint64(size[:]), maxHeader))))
	if err == nil && !bytes.HasPrefix(header, []byte("{")) {
		err = errors.New("read a safetensors header: it is no JSON object")
	}
	return header, err
}

// weightsOfLoRA says of an input that its graph takes a LoRA's weights; "" where it does not look so.
func weightsOfLoRA(input string) string {
	if !strings.Contains(strings.ToLower(input), "lora") {
		return ""
	}
	return ": it is for the weights of a LoRA, which are not given. Add the LoRA to the weights (fuse_lora of diffusers), and export the pipeline anew"
}
