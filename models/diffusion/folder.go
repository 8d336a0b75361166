package diffusion

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ortho/models"
	"ortho/models/config"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Folder is a Stable Diffusion pipeline: a folder of several graphs with their
// configuration, as Optimum and older diffusers export it.
type Folder struct {
	Name  string
	Path  string        // the folder
	Class string        // of diffusers, as model_index.json names it: StableDiffusionPipeline, ...
	Parts []Part        // in the order of their use
	Facts []models.Fact // in a fixed order; see [models.Fact]
	LoRAs []string      // files in the folder with weights of LoRAs, which no graph reads

	spec Spec
	err  error
}

// Part is a graph of a pipeline.
type Part struct {
	folder string // that its files lie in
	Name   string // that of its folder
	Path   string // the .onnx file
	Graph  *onnx.Graph

	config config.Object // its config.json; nil where there is none
}

// The folders of a pipeline's parts, in the order of their use.
const (
	TextEncoder1 = "text_encoder"
	TextEncoder2 = "text_encoder_2" // of SDXL
	VAEEncoder   = "vae_encoder"
	UNet         = "unet"
	VAEDecoder   = "vae_decoder"
)

const (
	pipelineIndex   = "model_index.json"
	schedulerConfig = "scheduler/scheduler_config.json"
)

// IsFolder reports whether name is the folder of a pipeline.
func IsFolder(name string) bool {
	info, err := os.Stat(filepath.Join(name, pipelineIndex))
	return err == nil && info.Mode().IsRegular()
}

// ReadFolder reads a pipeline's folder. It succeeds for any folder whose files can be
// read: Facts and the error of [Folder.Spec] say what is missing to use it. ControlNets that are named, each the path of
// a graph or of its folder, take the place of those in the folder.
func ReadFolder(name string, controlNets ...string) (*Folder, error) {
	p, err := readFolder(name, controlNets)
	if err != nil {
		return nil, fmt.Errorf("open pipeline %s: %w", name, err)
	}
	return p, nil
}

func readFolder(name string, controlNets []string) (*Folder, error) {
	folder := regular.Folder(name)
	index, err := config.ReadObject(folder, pipelineIndex)
	if err != nil {
		return nil, err
	}
	p := &Folder{Name: config.NameOf(name, true), Path: name}
	if _, err := index.Get("_class_name", &p.Class); err != nil {
		return nil, fmt.Errorf("%s: %w", pipelineIndex, err)
	}
	if len(controlNets) > maxControlNets {
		return nil, fmt.Errorf("%d ControlNets: at most %d", len(controlNets), maxControlNets)
	}
	within := controlFolders(name)
	if len(controlNets) > 0 {
		within = nil
	}
	for i := range controlNets {
		within = append(within, controlFolder(i))
	}
	for _, part := range slices.Concat([]string{TextEncoder1, TextEncoder2, VAEEncoder}, within, []string{UNet, VAEDecoder}) {
		at := filepath.Join(name, part)
		if len(controlNets) > 0 && isControlNet(part) {
			at, controlNets = controlNets[0], controlNets[1:]
			if _, err := os.Stat(at); err != nil { // one that is named must be there
				return nil, fmt.Errorf("ControlNet %s: %w", at, errors.Unwrap(err))
			}
		}
		one, err := openPart(at, part)
		if errors.Is(err, fs.ErrNotExist) && at != filepath.Join(name, part) {
			return nil, fmt.Errorf("ControlNet %s holds no graph (.onnx)", at)
		}
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", part, err)
		}
		p.Parts = append(p.Parts, *one)
	}
	r := folderResolver{Folder: p, folder: folder, index: index}
	if err := r.run(); err != nil {
		return nil, err
	}
	p.err = errors.Join(r.problems...)
	return p, nil
}

// openPart reads a part's graph and its configuration. It is fs.ErrNotExist where the part
// has no folder, or no graph in it.
// openPart opens a part in its folder, or by its graph's file.
func openPart(at, name string) (*Part, error) {
	folder, file := at, ""
	if info, err := os.Stat(at); err == nil && !info.IsDir() {
		folder, file = filepath.Dir(at), filepath.Base(at)
	}
	files := regular.Folder(folder)
	var err error
	if file == "" {
		file, err = config.FindGraph(files, folder)
	}
	if errors.Is(err, config.ErrNoGraph) || errors.Is(err, fs.ErrNotExist) {
		return nil, fs.ErrNotExist
	}
	if err != nil {
		return nil, err
	}
	part := &Part{Name: name, folder: folder, Path: filepath.Join(folder, filepath.FromSlash(file))}
	if part.Graph, err = onnx.ReadFile(part.Path); err != nil {
		return nil, err
	}
	part.config, err = config.ReadObject(files, config.ConfigFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return part, nil
}

// Size returns the bytes of the part's files: the graph's, and those of its external data
// that are there.
func (p *Part) Size() int64 {
	n := p.Graph.Size
	for _, name := range p.externalData() {
		if info, err := os.Stat(name); err == nil {
			n += info.Size()
		}
	}
	return n
}

func (p *Part) externalData() []string {
	var paths []string
	for _, name := range p.Graph.ExternalData {
		paths = append(paths, filepath.Join(filepath.Dir(p.Path), filepath.FromSlash(name)))
	}
	return paths
}

// Files are the paths of all files that the pipeline's images depend on: graphs with
// their external data, and configuration, in a fixed order.
func (p *Folder) Files() []string {
	var paths []string
	there := func(name string) {
		if info, err := os.Stat(name); err == nil && info.Mode().IsRegular() {
			paths = append(paths, name)
		}
	}
	there(filepath.Join(p.Path, pipelineIndex))
	there(filepath.Join(p.Path, config.SidecarFile))
	there(filepath.Join(p.Path, filepath.FromSlash(schedulerConfig)))
	for _, folder := range []string{"tokenizer", "tokenizer_2"} {
		for _, name := range []string{"tokenizer.json", "vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"} {
			there(filepath.Join(p.Path, folder, name))
		}
	}
	for i := range p.Parts {
		part := &p.Parts[i]
		there(filepath.Join(part.folder, config.ConfigFile))
		paths = append(append(paths, part.Path), part.externalData()...)
	}
	return paths
}

// Part returns a part by its name; nil where the pipeline has none.
func (p *Folder) Part(name string) *Part {
	for i := range p.Parts {
		if p.Parts[i].Name == name {
			return &p.Parts[i]
		}
	}
	return nil
}

// Spec returns how to run the pipeline. The error names all that is missing or does not
// suit, and what to do.
func (p *Folder) Spec() (*Spec, error) {
	if p.err != nil {
		return nil, fmt.Errorf("%s: %w", p.Name, p.err)
	}
	spec := p.spec
	return &spec, nil
}
