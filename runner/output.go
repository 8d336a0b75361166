package runner

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	ort "github.com/yalue/onnxruntime_go"

	"ortho/runner/onnx"
)

// reserve checks what a run gets, and returns which outputs it has to allocate. Those
// that the binding can't take over from ONNX Runtime are made here, if their size
// is known: scalars (it refuses their shape), float16 and bfloat16 (it
// copies half of their bytes). Where the size is not known, those listed in guessed are
// made of any size, for the run to refuse.
func (s *Session) reserve(inputs, outputs []*Tensor) (missing, guessed []int, err error) {
	if len(inputs) != len(s.Inputs) || len(outputs) != len(s.Outputs) {
		return nil, nil, fmt.Errorf("%d inputs and %d outputs for a graph of %d and %d", len(inputs), len(outputs), len(s.Inputs), len(s.Outputs))
	}
	if len(inputs) == 0 {
		return nil, nil, errors.New("a graph without inputs can't be run by ONNX Runtime's Go binding")
	}
	for i, v := range s.Inputs {
		switch t := inputs[i]; {
		case t == nil:
			return nil, nil, fmt.Errorf("input %s: there is no tensor", v.Name)
		case t.gate.isClosed():
			return nil, nil, fmt.Errorf("input %s: the tensor is %w", v.Name, ErrClosed)
		}
	}
	for i, v := range s.Outputs {
		if t := outputs[i]; t != nil && t.gate.isClosed() {
			return nil, nil, fmt.Errorf("output %s: the tensor is %w", v.Name, ErrClosed)
		}
	}
	for i, v := range s.Outputs {
		if outputs[i] != nil {
			continue
		}
		missing = append(missing, i)
		switch {
		case v.Kind != "tensor":
			return missing, nil, fmt.Errorf("output %s is a %s: only tensors can be had", v.Name, v.Kind)
		case v.Type.Size() == 0:
			return missing, nil, fmt.Errorf("output %s: elements of type %s can't be had", v.Name, v.Type)
		}
		half := v.Type == onnx.Float16 || v.Type == onnx.BFloat16
		if !half && (!v.Ranked || len(v.Dims) > 0) {
			continue
		}
		shape, ok := s.shapeOf(v, inputs)
		if !ok {
			shape = slices.Repeat([]int64{1}, max(1, len(v.Dims)))
		}
		if !ok || !fixed(v) { // exporters name dimensions wrongly, too
			guessed = append(guessed, i)
		}
		if outputs[i], err = NewTensor(v.Type, shape); err != nil {
			return missing, guessed, fmt.Errorf("output %s: %w", v.Name, err)
		}
	}
	return missing, guessed, nil
}

// What ONNX Runtime says of an output of a wrong size: before the run, as far as it knows
// the size (each of several indices has a line of its own), or when it comes to the output.
var (
	wrongRank  = regexp.MustCompile(`Invalid rank for output: (.*) Got: \d+ Expected: (\d+)`)
	wrongSizes = regexp.MustCompile(`Got invalid dimensions for output: (.*) for the following indices`)
	wrongSize  = regexp.MustCompile(`index: (\d+) Got: \d+ Expected: (\d+)`)
	// Versions before 1.31 say "Current shape:{1} Requested shape:{2,3}", or when they
	// planned to write the output elsewhere "re-use buffer. {1} != {2,3}".
	wrongShape = regexp.MustCompile(`(?:computed output shape for this run is |Requested shape:|re-use buffer\. \{[0-9,]*\} != )\{([0-9,]+)\}`)
)

// resize gives a guessed output the size that a run asked for when it refused it: the
// binding has no other way to learn it.
func (s *Session) resize(outputs []*Tensor, guessed []int, refusal error) error {
	text := refusal.Error()
	find := func(name string) int {
		return slices.IndexFunc(guessed, func(i int) bool { return s.Outputs[i].Name == name })
	}
	var at int
	var shape []int64
	if m := wrongRank.FindStringSubmatch(text); m != nil {
		rank, _ := strconv.Atoi(m[2])
		at, shape = find(m[1]), slices.Repeat([]int64{1}, rank)
	} else if m := wrongSizes.FindStringSubmatch(text); m != nil {
		if at = find(m[1]); at >= 0 {
			shape = slices.Clone(outputs[guessed[at]].Shape)
		}
		for _, m := range wrongSize.FindAllStringSubmatch(text, -1) {
			if i, _ := strconv.Atoi(m[1]); i < len(shape) {
				shape[i], _ = strconv.ParseInt(m[2], 10, 64)
			}
		}
	} else if m := wrongShape.FindStringSubmatch(text); m != nil {
		at = slices.IndexFunc(guessed, func(i int) bool { return strings.Contains(text, "'"+s.Outputs[i].Name+"'") })
		if len(guessed) == 1 {
			at = 0
		}
		for _, d := range strings.Split(m[1], ",") {
			size, _ := strconv.ParseInt(d, 10, 64)
			shape = append(shape, size)
		}
	}
	if len(shape) == 0 || at < 0 {
		return refusal
	}
	i := guessed[at]
	t, err := NewTensor(s.Outputs[i].Type, shape)
	if err != nil {
		return fmt.Errorf("output %s: %w", s.Outputs[i].Name, err)
	}
	outputs[i].Close()
	outputs[i] = t
	return nil
}

func fixed(v onnx.Value) bool {
	return !slices.ContainsFunc(v.Dims, func(d onnx.Dim) bool { return !d.Fixed() })
}

// scaled is a dimension as Optimum names it, such as "latent_height * 8".
var scaled = regexp.MustCompile(`^(\w+) ([*/]) (\d{1,4})$`)

// shapeOf derives an output's shape from what the graph states, and the inputs' sizes.
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
		if m := scaled.FindStringSubmatch(d.Name); !ok && m != nil {
			n, _ := strconv.ParseInt(m[3], 10, 64)
			if size, ok = sizes[m[1]]; m[2] == "*" {
				size *= n
			} else if n > 0 {
				size /= n
			}
		}
		if !ok || size < 1 {
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
	data := bytesOf(v.GetData())
	return tensorOver(t, v.GetShape(), data, over(data, v))
}
