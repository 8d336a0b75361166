package runner

import (
	"fmt"
	"runtime"
	"strings"

	ort "github.com/yalue/onnxruntime_go"
	"golang.org/x/sys/cpu"

	"ortho/runner/onnx"
)

// Saturation is what it means that a session [Session.Saturates].
const Saturation = "sums of 8-bit products may saturate on this CPU, which has no VNNI, so that answers may differ from those of other CPUs: " +
	"ONNX Runtime can't load this graph with the setting that prevents it (session.x64quantprecision)"

// saturates: without VNNI, ONNX Runtime's x86 kernels add products of uint8
// activations and int8 weights in 16 bits, which is too few for them.
var saturates = (runtime.GOARCH == "amd64" || runtime.GOARCH == "386") && !cpu.X86.HasAVX512VNNI && !cpu.X86.HasAVXVNNI

// exactInt8 has ONNX Runtime compute 8-bit models with more bits on a CPU that
// saturates: slower, and the same answers as everywhere. Nowhere else, since it
// slows them on every x86 CPU.
func exactInt8(options *ort.SessionOptions, saturates bool) error {
	if !saturates {
		return nil
	}
	if err := options.AddSessionConfigEntry("session.x64quantprecision", "1"); err != nil {
		return fmt.Errorf("forbid saturating 8-bit products: %w", err)
	}
	return nil
}

// Optimization says how far ONNX Runtime has optimised a session's graph.
type Optimization string

const (
	Optimized Optimization = "all"
	AsWritten Optimization = "none" // node by node, as the file says
	// ExactInt8 is as little as there may be where 8-bit sums would saturate as written: what
	// keeps them from it is a step of ONNX Runtime's extended optimisation.
	ExactInt8 Optimization = "extended"
)

// set tells ONNX Runtime of a session's optimisation.
func (o Optimization) set(options *ort.SessionOptions) error {
	level, other := map[Optimization]ort.GraphOptimizationLevel{AsWritten: ort.GraphOptimizationLevelDisableAll, ExactInt8: ort.GraphOptimizationLevelEnableExtended}[o]
	if !other {
		return nil // it is ONNX Runtime's own choice
	}
	if err := options.SetGraphOptimizationLevel(level); err != nil {
		return fmt.Errorf("optimise the graph (%s): %w", o, err)
	}
	return nil
}

// optimization is what a session of a graph gets; exact: 8-bit sums must not saturate.
func optimization(g *onnx.Graph, unoptimized, exact bool) Optimization {
	switch {
	case !unoptimized:
		return Optimized
	case exact:
		for n := range g.EveryNode() {
			if multiplies8Bit(n.Op) {
				return ExactInt8
			}
		}
	}
	return AsWritten
}

// multiplies8Bit reports whether an operator multiplies 8-bit integers itself. Those of graphs
// with QuantizeLinear and DequantizeLinear between them compute in floats as written.
func multiplies8Bit(op string) bool {
	switch op {
	case "QLinearConv", "QLinearMatMul", "QGemm", "QAttention", "ConvInteger", "ConvTransposeInteger", "MatMulIntegerToFloat":
		return true
	}
	return strings.HasPrefix(op, "DynamicQuantize") && op != "DynamicQuantizeLinear" || strings.HasPrefix(op, "MatMulInteger")
}
