package bench

import (
	"context"
	"fmt"
	"slices"

	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// shapesVary reports whether another input gives outputs of other shapes, where the graph
// does not state them.
func (w *worker) shapesVary(ctx context.Context) (vary bool, err error) {
	if len(w.inputs) == 1 || !slices.ContainsFunc(w.session.Outputs, func(v onnx.Value) bool { return shapeOf(v, w.dims) == nil }) {
		return false, nil
	}
	err = w.each(ctx, func(_ int, outputs []npz.Array) error {
		for i, a := range outputs {
			vary = vary || w.slots[0][i] != nil && !slices.Equal(a.Shape, w.slots[0][i].Shape)
		}
		return nil
	})
	return vary, err
}

// firstRun returns its outputs. Graphs may name an output's dimensions wrongly (Optimum's
// second text encoder does): where memory of the stated shapes does not fit, ONNX Runtime
// finds them out.
func (w *worker) firstRun(ctx context.Context) ([]*runner.Tensor, error) {
	outputs, err := w.emptyOutputs()
	if err != nil {
		return nil, err
	}
	if err = w.session.Run(ctx, w.inputs[0], outputs); err == nil {
		return outputs, nil
	}
	stated := slices.ContainsFunc(outputs, func(t *runner.Tensor) bool { return t != nil })
	closeTensors(outputs)
	if ctx.Err() != nil || !stated {
		return nil, err
	}
	w.untrue = true
	again := make([]*runner.Tensor, len(outputs))
	if w.session.Run(ctx, w.inputs[0], again) != nil {
		closeTensors(again)
		return nil, err
	}
	return again, nil
}

// closeFresh closes the tensors that were not there before.
func closeFresh(tensors, before []*runner.Tensor) {
	for i, t := range tensors {
		if t != nil && before[i] == nil {
			t.Close()
		}
	}
}

func closeTensors(tensors []*runner.Tensor) {
	for _, t := range tensors {
		if t != nil {
			t.Close()
		}
	}
}

// emptyOutputs returns memory for the outputs whose shapes follow from the graph and
// the sizes of its dimensions.
func (w *worker) emptyOutputs() ([]*runner.Tensor, error) {
	outputs := make([]*runner.Tensor, len(w.session.Outputs))
	for i, v := range w.session.Outputs {
		shape := shapeOf(v, w.dims)
		if shape == nil || w.untrue || v.Type == onnx.String {
			continue
		}
		t, err := runner.NewTensor(v.Type, shape)
		if err != nil {
			return nil, fmt.Errorf("output %s: %w", v.Name, err)
		}
		outputs[i] = t
	}
	return outputs, nil
}

// shapeOf returns an output's shape; nil where only a run shows it.
func shapeOf(v onnx.Value, dims map[string]int64) []int64 {
	if !v.Ranked || v.Kind != "tensor" {
		return nil
	}
	shape := []int64{}
	for _, d := range v.Dims {
		size := d.Size
		if size < 0 && d.Name != "" {
			size = dims[d.Name]
		}
		if size <= 0 {
			return nil
		}
		shape = append(shape, size)
	}
	return shape
}

// makeSlots gives each run in flight outputs of its own, of the first run's shapes
// where all runs over the inputs have them.
func (w *worker) makeSlots(first []*runner.Tensor) error {
	for i, t := range first {
		if t.Type == onnx.String {
			t.Close()
			first[i] = nil
		}
	}
	w.slots = [][]*runner.Tensor{first}
	for len(w.slots) < w.open.Concurrency {
		slot := make([]*runner.Tensor, len(first))
		for i, t := range first {
			if t == nil {
				continue
			}
			var err error
			if slot[i], err = runner.NewTensor(t.Type, t.Shape); err != nil {
				return fmt.Errorf("output %s: %w", w.session.Outputs[i].Name, err)
			}
		}
		w.slots = append(w.slots, slot)
	}
	return nil
}

// each runs every input once and passes its outputs to f.
func (w *worker) each(ctx context.Context, f func(run int, outputs []npz.Array) error) error {
	for i, in := range w.inputs {
		outputs, err := w.emptyOutputs()
		if err == nil {
			err = w.session.Run(ctx, in, outputs)
		}
		arrays := make([]npz.Array, len(outputs))
		for j, t := range outputs {
			if t == nil {
				continue
			}
			if err == nil {
				arrays[j] = t.Array(w.session.Outputs[j].Name)
			}
			defer t.Close()
		}
		if err == nil {
			err = f(i, arrays)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func outputKey(run int, name string) string { return fmt.Sprintf("%04d.%s", run, name) }

func (w *worker) writeOutputs(ctx context.Context, file string) error {
	var all []npz.Array
	err := w.each(ctx, func(run int, outputs []npz.Array) error {
		for _, a := range outputs {
			a.Name = outputKey(run, a.Name)
			a.Data = append([]byte(nil), a.Data...)
			all = append(all, a)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return npz.HandOver(file, all)
}
