package onnx

import (
	"fmt"
	"strings"
)

// ElementType is TensorProto.DataType: the type of a tensor's elements. The
// numbers are those of onnx.proto and of ONNX Runtime's C API.
type ElementType int32

const (
	Undefined      ElementType = 0
	Float          ElementType = 1
	Uint8          ElementType = 2
	Int8           ElementType = 3
	Uint16         ElementType = 4
	Int16          ElementType = 5
	Int32          ElementType = 6
	Int64          ElementType = 7
	String         ElementType = 8
	Bool           ElementType = 9
	Float16        ElementType = 10
	Double         ElementType = 11
	Uint32         ElementType = 12
	Uint64         ElementType = 13
	Complex64      ElementType = 14
	Complex128     ElementType = 15
	BFloat16       ElementType = 16
	Float8E4M3FN   ElementType = 17
	Float8E4M3FNUZ ElementType = 18
	Float8E5M2     ElementType = 19
	Float8E5M2FNUZ ElementType = 20
	Uint4          ElementType = 21
	Int4           ElementType = 22
	Float4E2M1     ElementType = 23
	Float8E8M0     ElementType = 24
	Uint2          ElementType = 25
	Int2           ElementType = 26
	Float6E2M3     ElementType = 27
	Float6E3M2     ElementType = 28
)

// elementTypes has a name for each: NumPy's where it has one, else ONNX's in small letters.
// Of those that are held in arrays here it has the bytes of an element, of all others whose
// size is fixed the bits.
var elementTypes = map[ElementType]struct {
	name        string
	bytes, bits int
}{
	Undefined: {"undefined", 0, 0}, Float: {"float32", 4, 32}, Uint8: {"uint8", 1, 8}, Int8: {"int8", 1, 8},
	Uint16: {"uint16", 2, 16}, Int16: {"int16", 2, 16}, Int32: {"int32", 4, 32}, Int64: {"int64", 8, 64},
	String: {"string", 0, 0}, Bool: {"bool", 1, 8}, Float16: {"float16", 2, 16}, Double: {"float64", 8, 64},
	Uint32: {"uint32", 4, 32}, Uint64: {"uint64", 8, 64}, BFloat16: {"bfloat16", 2, 16},
	Complex64: {"complex64", 0, 64}, Complex128: {"complex128", 0, 128},
	Float8E4M3FN: {"float8e4m3fn", 0, 8}, Float8E4M3FNUZ: {"float8e4m3fnuz", 0, 8},
	Float8E5M2: {"float8e5m2", 0, 8}, Float8E5M2FNUZ: {"float8e5m2fnuz", 0, 8}, Float8E8M0: {"float8e8m0", 0, 8},
	Float6E2M3: {"float6e2m3", 0, 6}, Float6E3M2: {"float6e3m2", 0, 6},
	Uint4: {"uint4", 0, 4}, Int4: {"int4", 0, 4}, Float4E2M1: {"float4e2m1", 0, 4}, Uint2: {"uint2", 0, 2}, Int2: {"int2", 0, 2},
}

// String returns the type's NumPy name ("float32"), or ONNX's where NumPy has none ("float8e4m3fn").
func (t ElementType) String() string {
	if e, ok := elementTypes[t]; ok {
		return e.name
	}
	return fmt.Sprintf("unknown(%d)", int32(t))
}

// Size returns the bytes that one element takes in an array; 0 for types of which no arrays
// are made here: texts, complex numbers, and all that have less than a byte or are newer than
// bfloat16. See [ElementType.Bits].
func (t ElementType) Size() int { return elementTypes[t].bytes }

// Bits returns the bits that one element takes in a file; 0 where that is not fixed, as of texts.
func (t ElementType) Bits() int { return elementTypes[t].bits }

// Graph is the header of an ONNX file.
type Graph struct {
	Name            string
	IRVersion       int64
	Producer        string // producer_name: "pytorch", "tf2onnx", ...
	ProducerVersion string
	Domain          string
	ModelVersion    int64
	Doc             string
	Opsets          []Opset
	Metadata        map[string]string // metadata_props
	Inputs          []Value           // in order; initializers left out, and what is Given
	Defaults        []Value           // inputs with an initializer of the same name, which may be given
	Given           []Given           // inputs that all runs get the same value of; see Give
	Outputs         []Value           // in order
	Nodes           int               // of the main graph
	Ops             map[string]int    // op type -> nodes of the main graph
	Initializers    int
	Weights         map[ElementType]int // element type -> initializers
	// Single reports that a run takes one item, of which no dimension counts how many there are: as
	// who knows what the inputs are has it, since shapes alone don't tell [3,H,W] from a batch.
	Single       bool
	Body         *Body          // the nodes and constants of the main graph
	External     []ExternalFile // files that hold tensors, of whatever part of the graph, sorted by name
	ExternalData []string       // their names; relative to the model's folder
	Size         int64          // bytes of the .onnx file, external data not counted

	functions map[string]*function // by domain and name, with a zero byte between
}

// Opset is one operator set that the graph imports; the default domain is "".
type Opset struct {
	Domain  string
	Version int64
}

// Value is an input or an output of the graph.
type Value struct {
	Name string
	Type ElementType
	Kind string // "tensor", or the name of another kind: "sequence", "map", "optional", "sparse_tensor"
	Dims []Dim
	// Ranked is false where the graph states no shape: then Dims is empty, and
	// says nothing.
	Ranked bool
	// Op is, for an output, the operator that gives its values: nodes that only
	// move or convert them (Identity, Reshape, Flatten, Squeeze, Unsqueeze,
	// Transpose, Cast, QuantizeLinear, DequantizeLinear, Dropout) are passed
	// over. For an input it is, in the same way, the operator that takes its values first.
	// Empty where it is not known, as where several different ones do.
	Op string
}

// Dim is one dimension: a fixed Size >= 0, or Size -1 and, where the graph gives
// one, a symbolic Name.
type Dim struct {
	Size int64
	Name string
}

// Fixed reports whether the size is known without running the graph.
func (d Dim) Fixed() bool { return d.Size >= 0 }

// SaysBatch reports whether the dimension's name says that it counts the items of a batch.
func (d Dim) SaysBatch() bool {
	name := strings.ToLower(d.Name)
	return strings.Contains(name, "batch") || name == "n" || name == "b" || name == "bs"
}

func (d Dim) String() string {
	switch {
	case d.Size >= 0:
		return fmt.Sprint(d.Size)
	case d.Name != "":
		return d.Name
	}
	return "?"
}

// String describes the value as "pixel_values float32[batch,3,224,224]".
func (v Value) String() string {
	if v.Kind != "tensor" {
		return v.Name + " " + v.Kind
	}
	if !v.Ranked {
		return fmt.Sprintf("%s %s[...]", v.Name, v.Type)
	}
	dims := make([]string, len(v.Dims))
	for i, d := range v.Dims {
		dims[i] = d.String()
	}
	return fmt.Sprintf("%s %s[%s]", v.Name, v.Type, strings.Join(dims, ","))
}
