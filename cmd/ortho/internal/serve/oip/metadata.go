package oip

import (
	"context"
	"net/http"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/cmd/ortho/internal/serve/oip/inference"
	"ortho/runner/onnx"
)

// extensions are those of the protocol that are offered, whole.
var extensions = []string{"binary_tensor_data", "classification", "model_configuration", "model_repository", "model_repository(unload_dependents)"}

// serverName is what the server calls itself.
const serverName = "ortho"

// tensorMetadata describes an input or output; -1 stands for what is open.
type tensorMetadata struct {
	Name     string  `json:"name"`
	Datatype string  `json:"datatype"`
	Shape    []int64 `json:"shape"`
}

func described(values []onnx.Value) []tensorMetadata {
	all := []tensorMetadata{}
	for _, v := range values {
		all = append(all, tensorMetadata{v.Name, nameOf(v.Type), shapeOf(v)})
	}
	return all
}

func shapeOf(v onnx.Value) []int64 {
	shape := []int64{}
	for _, d := range v.Dims {
		size := int64(-1)
		if d.Fixed() {
			size = d.Size
		}
		shape = append(shape, size)
	}
	return shape
}

func (s *Server) serverMetadata(w http.ResponseWriter, _ *http.Request, _ []byte) error {
	return write(w, map[string]any{"name": serverName, "version": s.opt.Version, "extensions": extensions})
}

// graph acquires a model that has one graph.
func (s *Server) graph(ctx context.Context, name, version string) (*catalog.Instance, func(), error) {
	i, release, err := s.catalog.Acquire(ctx, name, version)
	if err == nil && i.Model == nil {
		release()
		err = fault.Input("%s is a pipeline of several graphs, which has no tensors of its own", i.Name)
	}
	return i, release, err
}

func (s *Server) modelMetadata(w http.ResponseWriter, r *http.Request, _ []byte) error {
	i, release, err := s.graph(r.Context(), r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return err
	}
	defer release()
	return write(w, map[string]any{"name": i.Name, "versions": s.catalog.Versions(i.Name), "platform": platform,
		"inputs": described(i.Inputs()), "outputs": described(i.Outputs())})
}

func (s *Server) modelReady(w http.ResponseWriter, r *http.Request, _ []byte) error {
	if err := s.isReady(r.PathValue("model"), r.PathValue("version")); err != nil {
		return err
	}
	return write(w, map[string]any{"name": r.PathValue("model"), "ready": true})
}

// isReady returns why a model does not answer; nil if it does.
func (s *Server) isReady(name, version string) error {
	known := false
	for _, m := range s.catalog.Statuses() {
		if m.Name != name {
			continue
		}
		known = true
		if (version == "" || m.Version == version) && m.State == catalog.Ready {
			return nil
		}
	}
	if !known {
		return fault.Unknown("there is no model %.200q", name)
	}
	return fault.Busy("%s is not ready", name)
}

// config describes how a model runs, as Triton's configurations do.
func (s *Server) config(ctx context.Context, name, version string) (*inference.ModelConfig, error) {
	i, release, err := s.graph(ctx, name, version)
	if err != nil {
		return nil, err
	}
	defer release()
	shares, err := i.Shares(ctx)
	if err != nil {
		return nil, err
	}
	c := &inference.ModelConfig{Name: i.Name, Platform: platform, Backend: "onnxruntime"}
	skip := 0
	if batched(i) {
		c.MaxBatchSize, skip = int32(max(defaultRows, s.opt.MaxBatch)), 1
	}
	if shares {
		c.DynamicBatching = &inference.ModelDynamicBatching{}
	}
	for _, v := range i.Inputs() {
		c.Input = append(c.Input, &inference.ModelInput{Name: v.Name, DataType: configOf(v.Type), Dims: shapeOf(v)[min(skip, len(v.Dims)):]})
	}
	for _, v := range i.Outputs() {
		c.Output = append(c.Output, &inference.ModelOutput{Name: v.Name, DataType: configOf(v.Type), Dims: shapeOf(v)[min(skip, len(v.Dims)):]})
	}
	return c, nil
}

// defaultRows is the rows of one request that a configuration names where the graph takes any
// number.
const defaultRows = 64

// batched reports whether all inputs and outputs begin with a dimension that is open.
func batched(i *catalog.Instance) bool {
	for _, values := range [][]onnx.Value{i.Inputs(), i.Outputs()} {
		for _, v := range values {
			if len(v.Dims) == 0 || v.Dims[0].Fixed() {
				return false
			}
		}
	}
	return true
}

func (s *Server) modelConfig(w http.ResponseWriter, r *http.Request, _ []byte) error {
	c, err := s.config(r.Context(), r.PathValue("model"), r.PathValue("version"))
	if err != nil {
		return err
	}
	type port struct {
		Name string  `json:"name"`
		Type string  `json:"data_type"`
		Dims []int64 `json:"dims"`
	}
	shown := map[string]any{"name": c.Name, "platform": c.Platform, "backend": c.Backend, "max_batch_size": c.MaxBatchSize}
	var inputs, outputs []port
	for _, v := range c.Input {
		inputs = append(inputs, port{v.Name, v.DataType.String(), v.Dims})
	}
	for _, v := range c.Output {
		outputs = append(outputs, port{v.Name, v.DataType.String(), v.Dims})
	}
	shown["input"], shown["output"] = inputs, outputs
	if c.DynamicBatching != nil {
		shown["dynamic_batching"] = map[string]any{}
	}
	return write(w, shown)
}
