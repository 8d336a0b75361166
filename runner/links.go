package runner

import (
	"fmt"
	"os"
	"path/filepath"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// weightsFolder is the session's setting of the folder that the names of weights are relative
// to, where the graph comes as bytes.
const weightsFolder = "session.model_external_initializers_file_folder_path"

// followed is a model whose weights are links that leave its folder, as in the cache of Hugging
// Face: ONNX Runtime refuses those, some versions even where it follows the graph's own link.
// The graph then comes as bytes, in which the weights have the names that they really have. A
// name that leaves the folder without a link stays as it is, and is refused.
func followed(m Model) (Model, error) {
	folder, err := filepath.EvalSymlinks(filepath.Dir(m.Path))
	if err != nil {
		return m, nil // ONNX Runtime says what is wrong
	}
	really := map[string]string{}
	for _, name := range m.Graph.ExternalData {
		local := filepath.FromSlash(name)
		file, err := filepath.EvalSymlinks(filepath.Join(folder, local))
		if err != nil || !filepath.IsLocal(local) {
			continue
		}
		if inside, err := filepath.Rel(folder, file); err != nil || !filepath.IsLocal(inside) {
			really[name] = file
		}
	}
	const most = 1 << 31 // bytes of a graph, as protobuf has it
	info, err := os.Stat(m.Path)
	if len(really) == 0 || err != nil || info.Size() >= most {
		return m, nil
	}
	// One folder holds all: the root.
	if folder, err = filepath.Abs(folder); err != nil {
		return m, fmt.Errorf("%s: %w", m.Path, err)
	}
	m.folder = filepath.VolumeName(folder) + string(filepath.Separator)
	for _, name := range m.Graph.ExternalData {
		file, ok := really[name]
		if !ok {
			file = filepath.Join(folder, filepath.FromSlash(name))
		}
		if file, err = filepath.Abs(file); err == nil {
			file, err = filepath.Rel(m.folder, file)
		}
		if err != nil {
			return m, fmt.Errorf("%s: its weights %s are a link to another drive, which ONNX Runtime does not follow: copy them there", m.Path, name)
		}
		really[name] = filepath.ToSlash(file)
	}
	data, err := os.ReadFile(m.Path)
	if err != nil {
		return m, fmt.Errorf("read the graph: %w", err)
	}
	m.Data, err = onnx.MoveWeights(data, func(name string) string {
		if !filepath.IsLocal(filepath.FromSlash(name)) || really[name] == "" {
			return name
		}
		return really[name]
	})
	if err != nil {
		return m, fmt.Errorf("%s: %w", m.Path, err)
	}
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
