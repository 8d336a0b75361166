package oip

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// maxImages bounds the encoded images of one request.
const maxImages = 256

// tensor is an array; of the type BYTES its elements are Texts.
type tensor struct {
	npz.Array
	Texts [][]byte
}

// request is one inference.
type request struct {
	Model, Version, ID string
	Inputs             []tensor
	Outputs            []wanted // none: all
	Binary             bool     // of REST: outputs, where none are named, are raw bytes
}

// wanted is an output that is asked for.
type wanted struct {
	Name    string
	Classes int  // 0: its values; else the best so many classes, as text
	Binary  bool // of REST
}

// response is what an inference gives.
type response struct {
	Model, Version, ID string
	Outputs            []tensor
}

// infer runs a request.
func (s *Server) infer(ctx context.Context, r request) (*response, error) {
	i, release, err := s.catalog.Acquire(ctx, r.Model, r.Version)
	if err != nil {
		return nil, err
	}
	defer release()
	if i.Model == nil {
		return nil, fault.Input("%s is a pipeline of several graphs: it takes no tensors", i.Name)
	}
	for _, w := range r.Outputs {
		if !slices.ContainsFunc(i.Outputs(), func(v onnx.Value) bool { return v.Name == w.Name }) {
			return nil, fault.Input("there is no output %.200q; the model gives %s", w.Name, onnx.List(i.Outputs()))
		}
	}
	made := &memory{hold: s.opt.Hold}
	defer made.release()
	inputs, err := s.arrays(ctx, i, r.Inputs, made)
	if err != nil {
		return nil, err
	}
	outputs, err := i.Arrays(ctx, inputs)
	if err != nil {
		return nil, err
	}
	answer := &response{Model: i.Name, Version: i.Version, ID: r.ID}
	if len(r.Outputs) == 0 {
		for _, a := range outputs {
			answer.Outputs = append(answer.Outputs, tensorOf(a))
		}
		return answer, nil
	}
	for _, w := range r.Outputs {
		a := outputs[slices.IndexFunc(outputs, func(a npz.Array) bool { return a.Name == w.Name })]
		t := tensorOf(a)
		if w.Classes > 0 {
			if t, err = classes(a, w.Classes, labelsOf(i.Model, a.Name)); err != nil {
				return nil, err
			}
		}
		answer.Outputs = append(answer.Outputs, t)
	}
	return answer, nil
}

// arrays are the graph's inputs of a request's; made counts the memory of those that are not the request's own.
func (s *Server) arrays(ctx context.Context, i *catalog.Instance, given []tensor, made *memory) (arrays []npz.Array, err error) {
	for _, t := range given {
		a := t.Array
		switch {
		case t.Type != onnx.String:
		case slices.ContainsFunc(i.Inputs(), func(v onnx.Value) bool { return v.Name == t.Name && v.Type == onnx.String }):
			a, err = padded(t, made)
		default:
			a, err = s.pictured(ctx, i, t, len(given), made)
		}
		if err != nil {
			return nil, err
		}
		arrays = append(arrays, a)
	}
	return arrays, nil
}

// memory counts what is made of a request.
type memory struct {
	hold     func(int64) (func(), error)
	releases []func()
}

func (m *memory) take(n int) error {
	release, err := m.hold(int64(n))
	if err == nil {
		m.releases = append(m.releases, release)
	}
	return err
}

func (m *memory) release() {
	for _, release := range m.releases {
		release()
	}
}

// pictured makes the graph's input of texts that are encoded images.
func (s *Server) pictured(ctx context.Context, i *catalog.Instance, t tensor, inputs int, made *memory) (a npz.Array, err error) {
	image := i.Inputs()[0] // as package images has it
	if _, err := i.Model.ImageLoader(); err != nil {
		return a, fault.Input("input %.200q: texts can be the encoded images that a model takes, and %s takes none: %v", t.Name, i.Name, remedy.Of(err))
	}
	if t.Name != image.Name && inputs > 1 {
		return a, fault.Input("input %.200q: encoded images are given as %s", t.Name, image.Name)
	}
	return s.decoded(ctx, i, image, t.Texts, made)
}

// padded are texts as arrays have them: each of the size of the longest, with zeros behind it.
func padded(t tensor, made *memory) (npz.Array, error) {
	width := 1
	for _, text := range t.Texts {
		width = max(width, len(text))
		if bytes.HasSuffix(text, []byte{0}) {
			return t.Array, fault.Input("input %.200q: a text ends with a zero byte, which can't be given", t.Name)
		}
	}
	if err := made.take(len(t.Texts) * width); err != nil {
		return t.Array, err
	}
	a := t.Array
	a.Data = make([]byte, len(t.Texts)*width)
	for n, text := range t.Texts {
		copy(a.Data[n*width:], text)
	}
	return a, nil
}

// decoded makes the graph's input of encoded images.
func (s *Server) decoded(ctx context.Context, i *catalog.Instance, input onnx.Value, files [][]byte, made *memory) (a npz.Array, err error) {
	if len(files) == 0 || len(files) > maxImages {
		return a, fault.Input("input %s: %d images; 1 to %d can be given", input.Name, len(files), maxImages)
	}
	loader, err := i.Model.ImageLoader()
	if err != nil {
		return a, err
	}
	n := 0
	type row struct {
		shape []int64
		data  []byte
	}
	a = npz.Array{Name: input.Name, Type: input.Type}
	for r := range runner.Map(ctx, slices.Values(files), min(len(files), i.Lanes()), func(ctx context.Context, file []byte) (made row, err error) {
		done, err := i.Turn(ctx) // decoding takes a core and memory
		if err != nil {
			return made, err
		}
		defer done()
		spec, data, err := loader.Load(file, models.ImageOptions{MaxPixels: s.opt.MaxPixels})
		if err != nil {
			return made, models.StageDecode.Wrap(err)
		}
		return row{spec.Shape(), data}, nil
	}) {
		n++
		switch {
		case r.Err != nil && ctx.Err() != nil:
			return a, ctx.Err()
		case r.Err != nil:
			return a, fmt.Errorf("image %d: %w", n, r.Err)
		case n == 1:
			if err := made.take(len(files) * len(r.Value.data)); err != nil {
				return a, err
			}
			a.Shape = append([]int64{int64(len(files))}, r.Value.shape...)
			a.Data = make([]byte, 0, len(files)*len(r.Value.data))
		case !slices.Equal(a.Shape[1:], r.Value.shape):
			return a, fault.Input("image %d becomes a tensor of shape %v, the first one of %v: such images are given alone", n, r.Value.shape, a.Shape[1:])
		}
		a.Data = append(a.Data, r.Value.data...)
	}
	if err := ctx.Err(); err != nil {
		return a, err
	}
	if len(input.Dims) == len(a.Shape)-1 && len(files) == 1 { // without a dimension of the batch
		a.Shape = a.Shape[1:]
	}
	return a, nil
}

// tensorOf is an array as the protocol has it: strings without the zero bytes behind them.
func tensorOf(a npz.Array) tensor {
	if a.Type != onnx.String {
		return tensor{Array: a}
	}
	n := elements(a.Shape)
	t := tensor{Array: npz.Array{Name: a.Name, Type: a.Type, Shape: a.Shape}}
	if n == 0 {
		return t
	}
	for text := range slices.Chunk(a.Data, max(1, len(a.Data)/n)) {
		t.Texts = append(t.Texts, []byte(strings.TrimRight(string(text), "\x00")))
	}
	return t
}

func elements(shape []int64) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}

// labelsOf are the names of the classes whose scores an output has; none of another output.
func labelsOf(m *models.Model, output string) []models.Label {
	if port, err := m.Scores(); err == nil && port.OutputName == output {
		return port.Labels
	}
	return nil
}

// classes are the best classes of each row of an output, as "score:index:label", as the
// classification extension has them: scores are the output's values.
func classes(a npz.Array, most int, labels []models.Label) (tensor, error) {
	rows, width := 1, elements(a.Shape)
	if len(a.Shape) > 1 {
		rows, width = int(a.Shape[0]), elements(a.Shape[1:])
	}
	values := make([]float32, rows*width)
	if !runner.ToFloat32s(values, a.Type, a.Data) {
		return tensor{}, fault.Input("output %s has elements of type %s: they are no scores of classes", a.Name, a.Type)
	}
	k := min(most, width)
	t := tensor{Array: npz.Array{Name: a.Name, Type: onnx.String, Shape: []int64{int64(rows), int64(k)}}}
	if len(a.Shape) < 2 {
		t.Shape = []int64{int64(k)}
	}
	order := make([]int, width)
	for row := range slices.Chunk(values, max(1, width)) {
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(row[j], row[i]) })
		for _, index := range order[:k] {
			text := strconv.FormatFloat(float64(row[index]), 'f', 6, 64) + ":" + strconv.Itoa(index)
			if index < len(labels) && labels[index].Name != "" {
				text += ":" + labels[index].Name
			}
			t.Texts = append(t.Texts, []byte(text))
		}
	}
	return t, nil
}
