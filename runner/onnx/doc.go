// Package onnx reads the header of an ONNX file: everything but the weights.
//
// ONNX Runtime's Go binding gives neither the opset nor the names of symbolic
// dimensions nor which node makes an output, and asking it for shapes means
// building a session. This package reads them from the protobuf directly
// (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) and skips over the
// tensors.
package onnx
