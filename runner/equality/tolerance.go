package equality

import (
	"fmt"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// Precision is what a graph computes in, as far as it decides how much two runs of it may
// differ.
type Precision string

const (
	Exact    Precision = "exact" // integers and bool throughout
	Float64  Precision = "float64"
	Float32  Precision = "float32"
	Float16  Precision = "float16"
	BFloat16 Precision = "bfloat16"
	Int8     Precision = "int8" // quantised: rounds between its layers
)

// fromFine lists the precisions from the finest to the coarsest.
var fromFine = []Precision{Exact, Float64, Float32, Float16, BFloat16, Int8}

// Coarsest returns the coarsest of the precisions; [Exact] of none.
func Coarsest(precisions ...Precision) Precision {
	coarsest := 0
	for _, p := range precisions {
		coarsest = max(coarsest, slices.Index(fromFine, p))
	}
	return fromFine[coarsest]
}

// PrecisionOf returns a graph's precision: int8 where operators quantise activations
// (QuantizeLinear, DynamicQuantizeLinear, QLinear*, *Integer and ONNX Runtime's QGemm,
// QAttention, MatMulNBits), and otherwise the coarsest floating-point type of its inputs,
// outputs and initializers. Weights that are only stored as float16 and computed with in
// float32 count as float16: the header does not show the difference.
func PrecisionOf(g *onnx.Graph) Precision {
	for op := range g.Ops {
		switch {
		case op == "QuantizeLinear", op == "DynamicQuantizeLinear", op == "QGemm", op == "QAttention", op == "MatMulNBits",
			strings.HasPrefix(op, "QLinear"), strings.HasSuffix(op, "Integer"), strings.HasPrefix(op, "MatMulInteger"):
			return Int8
		}
	}
	p := Exact
	for t := range g.Weights {
		p = Coarsest(p, typePrecision[t])
	}
	for _, v := range slices.Concat(g.Inputs, g.Outputs) {
		p = Coarsest(p, typePrecision[v.Type])
	}
	return p
}

var typePrecision = map[onnx.ElementType]Precision{
	onnx.Double: Float64, onnx.Float: Float32, onnx.Float16: Float16, onnx.BFloat16: BFloat16,
}

// Tolerance is what outputs may differ by. Lengths are in units of the output's scale: the
// RMS of the reference.
//
// Either every element must satisfy |got - want| <= ATol*RMS + RTol*|want|, or, where RowRMS
// is set, every row's root mean square error must be at most RowRMS*RMS, the whole output's
// SQNR at least MinSQNR and its top-1 agreement at least MinTop1.
type Tolerance struct {
	Precision Precision
	RTol      float64 // of the element's magnitude
	ATol      float64 // of the RMS
	RowRMS    float64 // of the RMS
	MinSQNR   float64 // dB
	MinTop1   float64 // 0 to 1; ties count as agreement
}

// Tolerance returns what runs of a graph of this precision may differ by.
//
// float32's relative part is that of ONNX's own backend tests (onnx/backend/test/runner:
// rtol 1e-3). EfficientNet-Lite0 over 24 photographs is off by 1e-5 RMS at most, between
// unoptimised and optimised ONNX Runtime and OpenVINO; the limit is ten times that. TF32
// (2e-2 RMS) and bfloat16 (0.2 RMS) are beyond it: a provider that computes in them by
// default does not compute what was asked for.
//
// float16 keeps 11 bits where bfloat16 keeps 8. The same network computed in float16 is off
// by 1.8e-2 RMS, and in bfloat16 by 0.11, from the same weights in float32.
//
// A quantised network rounds between its layers, so that a last bit of difference grows:
// EfficientNet-Lite0 in int8 has an SQNR of 28 dB between unoptimised and optimised ONNX
// Runtime, 26 dB in OpenVINO, its worst row 24 dB. Photographs moved by one pixel give
// 15 dB (worst row 11), and red and blue swapped 5 dB. The limits are 20 dB and, for a row,
// 14 dB (0.2 RMS).
func (p Precision) Tolerance() Tolerance {
	switch p {
	case Float64:
		return Tolerance{Precision: p, RTol: 1e-8, ATol: 1e-9}
	case Float32:
		return Tolerance{Precision: p, RTol: 1e-3, ATol: 1e-4}
	case Float16:
		return Tolerance{Precision: p, RTol: 2e-2, ATol: 2e-2}
	case BFloat16:
		return Tolerance{Precision: p, RTol: 0.1, ATol: 0.15}
	case Int8:
		return Tolerance{Precision: p, RowRMS: 0.2, MinSQNR: 20, MinTop1: 0.95}
	}
	return Tolerance{Precision: Exact}
}

// of returns the tolerance that an output of elements of type t is held to: integers and
// bool must be the same, but for what a quantised graph puts out in 8 bits.
func (t Tolerance) of(e onnx.ElementType) Tolerance {
	if typePrecision[e] != "" || t.Precision == Int8 && (e == onnx.Uint8 || e == onnx.Int8) {
		return t
	}
	return Tolerance{Precision: Exact}
}

func (t Tolerance) exact() bool { return t.RTol == 0 && t.ATol == 0 && t.RowRMS == 0 }

// String says the rule in words.
func (t Tolerance) String() string {
	switch {
	case t.exact():
		return "the same to the last bit"
	case t.RowRMS > 0:
		return fmt.Sprintf("SQNR >= %g dB, each row's RMS error <= %g of the output's RMS, top-1 agreement >= %g %%; integers the same", t.MinSQNR, t.RowRMS, 100*t.MinTop1)
	}
	return fmt.Sprintf("|got - want| <= %g * RMS of the output + %g * |want|; integers the same", t.ATol, t.RTol)
}
