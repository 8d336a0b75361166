package runner

import (
	"errors"
	"fmt"
	"reflect"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// reserve checks what a run gets, and returns which outputs it has to allocate. Those
// that the binding can't take over from ONNX Runtime are made here, if it can be told
// which size they will have: scalars (it refuses their shape), float16 and bfloat16 (it
// copies half of their bytes).
func (s *Session) reserve(inputs, outputs []*Tensor) (missing []int, err error) {
	if len(inputs) != len(s.Inputs) || len(outputs) != len(s.Outputs) {
		return nil, fmt.Errorf("%d inputs and %d outputs for a graph of %d and %d", len(inputs), len(outputs), len(s.Inputs), len(s.Outputs))
	}
	if len(inputs) == 0 {
		return nil, errors.New("a graph without inputs can't be run by ONNX Runtime's Go binding")
	}
	for i, v := range s.Outputs {
		if outputs[i] != nil {
			continue
		}
		missing = append(missing, i)
		switch {
		case v.Kind != "tensor":
			return missing, fmt.Errorf("output %s is a %s: only tensors can be had", v.Name, v.Kind)
		case v.Type.Size() == 0:
			return missing, fmt.Errorf("output %s: elements of type %s can't be had", v.Name, v.Type)
		}
		half := v.Type == onnx.Float16 || v.Type == onnx.BFloat16
		if !half && (!v.Ranked || len(v.Dims) > 0) {
			continue
		}
		shape, ok := s.shapeOf(v, inputs)
		if !ok {
			return missing, fmt.Errorf("output %s: ONNX Runtime's Go binding can't take a %s output whose shape is not known before the run: the graph has to state it", v, v.Type)
		}
		if outputs[i], err = NewTensor(v.Type, shape); err != nil {
			return missing, fmt.Errorf("output %s: %w", v.Name, err)
		}
	}
	return missing, nil
}

// shapeOf tells an output's shape from what the graph states, and the inputs' sizes.
func (s *Session) shapeOf(v onnx.Value, inputs []*Tensor) ([]int64, bool) {
	if !v.Ranked {
		return nil, false
	}
	sizes := map[string]int64{}
	for i, in := range s.Inputs {
		for at, d := range in.Dims {
			if !d.Fixed() && d.Name != "" && at < len(inputs[i].Shape) {
				sizes[d.Name] = inputs[i].Shape[at]
			}
		}
	}
	shape := make([]int64, len(v.Dims))
	for i, d := range v.Dims {
		size, ok := d.Size, d.Fixed()
		if !ok {
			size, ok = sizes[d.Name]
		}
		if !ok {
			return nil, false
		}
		shape[i] = size
	}
	return shape, true
}

// adopt takes over the outputs that ONNX Runtime allocated.
func (s *Session) adopt(outputs []*Tensor, out []ort.Value) error {
	var errs []error
	for i, v := range out {
		if outputs[i] != nil {
			continue
		}
		if outputs[i] = adopted(v); outputs[i] == nil {
			v.Destroy()
			errs = append(errs, fmt.Errorf("output %s can't be carried as %T", s.Outputs[i].Name, v))
		}
	}
	return errors.Join(errs...)
}

// discard frees the outputs that ONNX Runtime allocated in a run that failed, and names
// the one at which the binding failed to take them over, if it was that.
func (s *Session) discard(outputs []*Tensor, out []ort.Value, err error) error {
	named := !strings.HasPrefix(err.Error(), "Error creating tensor")
	for i, v := range out {
		switch {
		case outputs[i] != nil:
		case v != nil && !reflect.ValueOf(v).IsNil(): // the binding leaves a nil of a type where it fails
			v.Destroy()
		case !named:
			named = true
			err = fmt.Errorf("output %s can't be taken over (a scalar that the graph does not say is one?): %w", s.Outputs[i], err)
		}
	}
	return err
}

// adopted makes a tensor of what the binding has copied into Go's memory; nil where it
// has something else.
func adopted(v ort.Value) *Tensor {
	switch x := v.(type) {
	case *ort.Tensor[float32]:
		return own(onnx.Float, x)
	case *ort.Tensor[float64]:
		return own(onnx.Double, x)
	case *ort.Tensor[uint8]:
		return own(onnx.Uint8, x)
	case *ort.Tensor[int8]:
		return own(onnx.Int8, x)
	case *ort.Tensor[uint16]:
		return own(onnx.Uint16, x)
	case *ort.Tensor[int16]:
		return own(onnx.Int16, x)
	case *ort.Tensor[uint32]:
		return own(onnx.Uint32, x)
	case *ort.Tensor[int32]:
		return own(onnx.Int32, x)
	case *ort.Tensor[uint64]:
		return own(onnx.Uint64, x)
	case *ort.Tensor[int64]:
		return own(onnx.Int64, x)
	case *ort.Tensor[bool]:
		return own(onnx.Bool, x)
	}
	return nil
}

func own[T ort.TensorData](t onnx.ElementType, v *ort.Tensor[T]) *Tensor {
	return &Tensor{Type: t, Shape: v.GetShape(), data: bytesOf(v.GetData()), value: v}
}
