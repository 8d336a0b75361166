package models

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"ortho/runner/onnx"
)

// Pipeline is a Stable Diffusion pipeline: a folder of several graphs with their
// configuration, as Optimum and older diffusers export it.
type Pipeline struct {
	Name  string
	Path  string // the folder
	Class string // of diffusers, as model_index.json names it: StableDiffusionPipeline, ...
	Parts []Part // in the order of their use
	Facts []Fact // in a fixed order; see [Fact]
}

// Part is a graph of a pipeline.
type Part struct {
	Name  string // that of its folder: text_encoder, text_encoder_2, vae_encoder, unet, vae_decoder
	Path  string // the .onnx file
	Graph *onnx.Graph
}

const pipelineIndex = "model_index.json"

// IsPipeline tells whether name is the folder of a pipeline.
func IsPipeline(name string) bool {
	info, err := os.Stat(filepath.Join(name, pipelineIndex))
	return err == nil && info.Mode().IsRegular()
}

// OpenPipeline reads a pipeline's folder. It succeeds for any folder whose files can be
// read: what is missing to use it is told by Facts and Spec.
func OpenPipeline(name string) (*Pipeline, error) {
	return nil, fmt.Errorf("open pipeline %s: %w", name, errors.ErrUnsupported)
}
