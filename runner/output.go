package runner

import (
	"errors"
	"fmt"
	"unsafe"

	"ortho/runner/onnx"
)

// check refuses what a run can't be given.
func (s *Session) check(inputs, outputs []*Tensor) error {
	if len(inputs) != len(s.Inputs) || len(outputs) != len(s.Outputs) {
		return fmt.Errorf("%d inputs and %d outputs for a graph of %d and %d", len(inputs), len(outputs), len(s.Inputs), len(s.Outputs))
	}
	if len(inputs) == 0 {
		return errors.New("a graph without inputs can't be run by ONNX Runtime's Go binding")
	}
	for i, v := range s.Inputs {
		switch t := inputs[i]; {
		case t == nil:
			return fmt.Errorf("input %s: there is no tensor", v.Name)
		case t.native == nil:
			return fmt.Errorf("input %s: the tensor is %w", v.Name, ErrClosed)
		case t.native.value == nil:
			return fmt.Errorf("input %s: elements of type %s can't be given", v.Name, t.Type)
		}
	}
	for i, v := range s.Outputs {
		switch t := outputs[i]; {
		case t == nil && v.Kind != "tensor":
			return fmt.Errorf("output %s is a %s: only tensors can be had", v.Name, v.Kind)
		case t == nil && v.Type.Size() == 0 && v.Type != onnx.String:
			return fmt.Errorf("output %s: elements of type %s can't be had", v.Name, v.Type)
		case t == nil:
		case t.native == nil:
			return fmt.Errorf("output %s: the tensor is %w", v.Name, ErrClosed)
		case t.native.value == nil:
			return fmt.Errorf("output %s: elements of type %s can't be written to a tensor that is there", v.Name, t.Type)
		}
	}
	return nil
}

// adopt takes over the outputs that ONNX Runtime made: all of them, or none.
func (s *Session) adopt(outputs []*Tensor, made []unsafe.Pointer) error {
	var errs []error
	var own []int
	for i, value := range made {
		if outputs[i] != nil {
			continue
		}
		t, err := adopted(value)
		if err != nil {
			errs = append(errs, fmt.Errorf("output %s can't be taken over: %w", s.Outputs[i], err))
			continue
		}
		outputs[i], own = t, append(own, i)
	}
	if len(errs) == 0 {
		return nil
	}
	for _, i := range own {
		outputs[i].Close()
		outputs[i] = nil
	}
	return errors.Join(errs...)
}
