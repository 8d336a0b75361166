package oip

import (
	"strings"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/cmd/ortho/internal/serve/oip/inference"
	"ortho/runner/onnx"
)

// types are the protocol's names of elements, and its numbers in configurations.
var types = []struct {
	name   string
	of     onnx.ElementType
	config inference.DataType
}{
	{"BOOL", onnx.Bool, inference.DataType_TYPE_BOOL},
	{"UINT8", onnx.Uint8, inference.DataType_TYPE_UINT8},
	{"UINT16", onnx.Uint16, inference.DataType_TYPE_UINT16},
	{"UINT32", onnx.Uint32, inference.DataType_TYPE_UINT32},
	{"UINT64", onnx.Uint64, inference.DataType_TYPE_UINT64},
	{"INT8", onnx.Int8, inference.DataType_TYPE_INT8},
	{"INT16", onnx.Int16, inference.DataType_TYPE_INT16},
	{"INT32", onnx.Int32, inference.DataType_TYPE_INT32},
	{"INT64", onnx.Int64, inference.DataType_TYPE_INT64},
	{"FP16", onnx.Float16, inference.DataType_TYPE_FP16},
	{"FP32", onnx.Float, inference.DataType_TYPE_FP32},
	{"FP64", onnx.Double, inference.DataType_TYPE_FP64},
	{"BF16", onnx.BFloat16, inference.DataType_TYPE_BF16},
	{"BYTES", onnx.String, inference.DataType_TYPE_STRING},
}

// typeNamed is the type of elements that a name says.
func typeNamed(name string) (onnx.ElementType, error) {
	var names []string
	for _, t := range types {
		if t.name == name {
			return t.of, nil
		}
		names = append(names, t.name)
	}
	return 0, fault.Input("datatype %.40q is not one of %s", name, strings.Join(names, ", "))
}

// nameOf is a type's name; "" of one that the protocol does not have.
func nameOf(of onnx.ElementType) string {
	for _, t := range types {
		if t.of == of {
			return t.name
		}
	}
	return ""
}

func configOf(of onnx.ElementType) inference.DataType {
	for _, t := range types {
		if t.of == of {
			return t.config
		}
	}
	return inference.DataType_TYPE_INVALID
}
