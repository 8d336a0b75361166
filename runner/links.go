package runner

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// weightsFolder is the session's setting of the folder that the names of weights are relative
// to, where the graph comes as bytes.
const weightsFolder = "session.model_external_initializers_file_folder_path"

// followed is a model whose weights are links that leave its folder, as in the cache of Hugging
// Face: ONNX Runtime refuses those, some versions even where it follows the graph's own link.
// The graph then comes as bytes, in which the weights have the names that they really have. A
// graph with a name that leaves the folder without a link stays as it is, and is refused.
func followed(m Model) (Model, error) {
	folder, err := filepath.EvalSymlinks(filepath.Dir(m.Path))
	if err != nil {
		return m, nil // ONNX Runtime says what is wrong
	}
	if folder, err = filepath.Abs(folder); err != nil {
		return m, fmt.Errorf("%s: %w", m.Path, err)
	}
	really := func(name string) string {
		file := filepath.Join(folder, filepath.FromSlash(name))
		if linked, err := filepath.EvalSymlinks(file); err == nil {
			return linked
		}
		return file
	}
	leaves := func(name string) bool {
		inside, err := filepath.Rel(folder, really(name))
		return err != nil || !filepath.IsLocal(inside)
	}
	const most = 1 << 31 // bytes of a graph, as protobuf has it
	if info, err := os.Stat(m.Path); err != nil || info.Size() >= most || !slices.ContainsFunc(m.Graph.ExternalData, leaves) {
		return m, nil
	}
	data, err := regular.ReadFile(m.Path, onnx.MaxBytes)
	if err != nil {
		return m, fmt.Errorf("read the graph: %w", err)
	}
	var refused error
	root := filepath.VolumeName(folder) + string(filepath.Separator) // holds all files
	data, err = onnx.MoveWeights(data, func(name string) string {
		inside, err := filepath.Rel(root, really(name))
		switch {
		case !filepath.IsLocal(filepath.FromSlash(name)):
			refused = cmp.Or(refused, fmt.Errorf("its weights %q are not in its folder, which ONNX Runtime refuses", name))
		case err != nil:
			refused = cmp.Or(refused, fmt.Errorf("its weights %s are a link to another drive, which ONNX Runtime does not follow: copy them there", name))
		}
		return filepath.ToSlash(inside)
	})
	if err == nil {
		err = refused
	}
	if err != nil {
		return m, fmt.Errorf("%s: %w", m.Path, err)
	}
	m.Data, m.folder = data, root
	return m, nil
}

// setFolder says where the weights of a graph that comes as bytes are.
func setFolder(options *ort.SessionOptions, m Model) error {
	if m.folder == "" {
		return nil
	}
	if err := options.AddSessionConfigEntry(weightsFolder, m.folder); err != nil {
		return fmt.Errorf("say where the weights are: %w", err)
	}
	return nil
}
