package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"ortho/runner/regular"
)

// ReadFile reads the header of the .onnx file at path. See [Read].
func ReadFile(path string) (*Graph, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	g, err := Read(f, info.Size())
	if err == nil {
		return g, nil
	}
	if what := namedAs(path); what != "" {
		return nil, fmt.Errorf("%s: not an ONNX file: by its name it is %s", path, what)
	}
	return nil, fmt.Errorf("%s: %w", path, err)
}

// Read reads the header of an ONNX file of size bytes. Weights are passed over
// unread, so that the time and memory taken depend on the number of nodes, not
// on their weights. A file that holds more text than any exporter writes is
// refused.
func Read(r io.ReaderAt, size int64) (*Graph, error) {
	s := &scanner{r: r, size: size}
	if size == 0 {
		return nil, errors.New("not an ONNX file: it is empty")
	}
	head, err := s.peek(0, 512)
	if err != nil {
		return nil, fmt.Errorf("read ONNX file: %w", err)
	}
	head = slices.Clone(head) // of a window that moves
	if what := foreign(head); what != "" {
		return nil, fmt.Errorf("not an ONNX file: %s", what)
	}
	g := &Graph{Size: size, Metadata: map[string]string{}, Ops: map[string]int{}, Weights: map[ElementType]int{},
		Body: &Body{Constants: map[string]*Tensor{}}, functions: map[string]*function{}}
	m := &reader{scanner: s, graph: g, current: g.Body, files: map[string]int64{}}
	if err := s.fields(0, size, m.model); err != nil {
		switch {
		case isText(head):
			return nil, fmt.Errorf("not an ONNX file: it is text (%.60q): a download gave an error?", head)
		case m.graph.IRVersion == 0 && !m.found:
			return nil, fmt.Errorf("not an ONNX file, or a damaged one: %w", err)
		}
		return nil, fmt.Errorf("read ONNX file: %w", err)
	}
	if !m.found {
		return nil, errors.New("not an ONNX file: there is no graph in it")
	}
	return m.finish(), nil
}

const lfsPointer = "version https://git-lfs"

// foreign says what a file is that is often taken for an ONNX file.
func foreign(head []byte) string {
	for _, k := range []struct {
		at          int
		magic, what string
	}{
		{0, lfsPointer, "it is a Git LFS pointer in place of the file; fetch the file itself (git lfs pull)"},
		{0, "\x00\x05\x16\x07", "it is what macOS keeps of a file's properties on other systems' disks (AppleDouble); name the file itself, whose name lacks the ._ at the beginning"},
		{0, "PK\x03\x04", "it is a zip archive (PyTorch checkpoints are too); unpack it, or export the model to ONNX in Python (torch.onnx.export, optimum-cli export onnx)"},
		{0, "\x1f\x8b", "it is compressed with gzip; unpack it"},
		{0, "\x89HDF", "it is an HDF5 file, as Keras writes; convert it with tf2onnx"},
		{0, "\x80\x02", "it is a Python pickle (a PyTorch checkpoint?); export the model to ONNX in Python (torch.onnx.export, optimum-cli export onnx)"},
		{0, "\x89PNG", "it is a PNG image; images are arguments, and -m is the model"},
		{0, "\xff\xd8\xff", "it is a JPEG image; images are arguments, and -m is the model"},
		{4, "TFL3", "it is a TensorFlow Lite model; convert it with tf2onnx"},
		{4, "ORTM", "it is in ONNX Runtime's .ort format; use the .onnx file that it was made from"},
		{5, "\x00\x00\x00{\"", "it is a safetensors file; export the model to ONNX in Python (torch.onnx.export, optimum-cli export onnx)"},
	} {
		if len(head) > k.at && bytes.HasPrefix(head[k.at:], []byte(k.magic)) {
			return k.what
		}
	}
	switch text := bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"); {
	case len(text) == 0:
		return "it is blank"
	case text[0] == '<' && (len(text) == 1 || text[1] >= 0x20):
		return "it is a web page (HTML or XML): a download gave an error or a login page"
	case text[0] == '{':
		return "it is JSON text"
	}
	return ""
}

// isText reports whether the beginning of a file is ASCII text.
func isText(head []byte) bool {
	for _, b := range head {
		if b < ' ' && b != '\n' && b != '\r' && b != '\t' || b >= 0x7f {
			return false
		}
	}
	return true
}

type reader struct {
	*scanner
	graph   *Graph
	found   bool             // a GraphProto
	current *Body            // that is being read
	nodes   int              // of all bodies
	files   map[string]int64 // files with weights -> bytes that they must have
}

// model reads one field of a ModelProto.
func (m *reader) model(v field) (err error) {
	g := m.graph
	if v.typ == protowire.VarintType {
		switch v.number {
		case 1:
			g.IRVersion = int64(v.n)
		case 5:
			g.ModelVersion = int64(v.n)
		}
		return nil
	}
	if v.typ != protowire.BytesType {
		return nil
	}
	switch v.number {
	case 2:
		g.Producer, err = m.text(v, maxText, "producer name")
	case 3:
		g.ProducerVersion, err = m.text(v, maxText, "producer version")
	case 4:
		g.Domain, err = m.text(v, maxText, "domain")
	case 6:
		g.Doc, err = m.doc(v)
	case 7:
		m.found = true
		err = m.fields(v.begin, v.end, m.graphField)
	case 8:
		var o Opset
		o, err = m.opset(v)
		g.Opsets = append(g.Opsets, o)
	case 14:
		var key, value string
		key, value, err = m.pair(v)
		g.Metadata[key] = value
	case 25:
		var f *function
		f, err = m.function(v)
		g.functions[f.Domain+"\x00"+f.Name] = f
	}
	return err
}

func (m *reader) opset(v field) (o Opset, err error) {
	err = m.fields(v.begin, v.end, func(v field) (err error) {
		switch {
		case v.number == 1 && v.typ == protowire.BytesType:
			o.Domain, err = m.text(v, maxText, "domain")
		case v.number == 2 && v.typ == protowire.VarintType:
			o.Version = int64(v.n)
		}
		return err
	})
	return o, errors.Join(err, m.keep(32))
}

// graphField reads one field of a GraphProto.
func (m *reader) graphField(v field) (err error) {
	if v.typ != protowire.BytesType {
		return nil
	}
	g := m.graph
	switch v.number {
	case 1:
		var n *Node
		if n, err = m.node(v, 0); err == nil {
			g.Nodes++
			g.Ops[n.Op]++
			g.Body.Nodes = append(g.Body.Nodes, n)
		}
	case 2:
		g.Name, err = m.text(v, maxText, "graph name")
	case 5:
		if g.Initializers++; g.Initializers > maxCount {
			return fmt.Errorf("more than %d initializers", maxCount)
		}
		err = m.initializer(v)
	case 10:
		if g.Doc == "" {
			g.Doc, err = m.doc(v)
		}
	case 11, 12:
		var value Value
		if value, err = m.value(v); v.number == 11 {
			g.Inputs = append(g.Inputs, value)
		} else {
			g.Outputs = append(g.Outputs, value)
		}
	case 13:
		err = m.valueInfo(v)
	case 15:
		g.Initializers++
		err = m.sparse(v)
	}
	return err
}

// valueInfo gives an output the shape that the graph states elsewhere.
func (m *reader) valueInfo(v field) error {
	if !slices.ContainsFunc(m.graph.Outputs, func(o Value) bool { return !o.Ranked }) {
		return nil
	}
	kept := m.kept
	value, err := m.value(v)
	m.kept = kept
	for i, o := range m.graph.Outputs {
		if o.Name == value.Name && !o.Ranked && err == nil {
			m.graph.Outputs[i] = value
		}
	}
	return err
}

func (m *reader) finish() *Graph {
	g := m.graph
	g.Inputs = slices.DeleteFunc(g.Inputs, func(v Value) bool {
		constant := g.Body.Constants[v.Name] != nil
		if constant {
			g.Defaults = append(g.Defaults, v)
		}
		return constant
	})
	g.Body.index()
	g.Body.Inputs, g.Body.Outputs = names(g.Inputs), names(g.Outputs)
	for i, v := range g.Outputs {
		g.Outputs[i].Op = g.origin(v.Name)
	}
	for i, v := range g.Inputs {
		g.Inputs[i].Op = g.use(v.Name)
	}
	g.External = externals(m.files)
	for _, f := range g.External {
		g.ExternalData = append(g.ExternalData, f.Name)
	}
	return g
}

func names(values []Value) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = v.Name
	}
	return all
}

// passing are the operators that move or convert values without changing what
// they mean.
var passing = map[string]bool{
	"Identity": true, "Reshape": true, "Flatten": true, "Squeeze": true, "Unsqueeze": true, "Transpose": true,
	"Cast": true, "QuantizeLinear": true, "DequantizeLinear": true, "Dropout": true,
}

// origin walks back from a value to the operator that gives it.
func (g *Graph) origin(value string) string {
	for range len(g.Body.Nodes) + 1 { // a damaged graph may run in a circle
		n := g.Body.givers[value].node
		switch {
		case n == nil:
			return ""
		case !passing[n.Op] || len(n.Inputs) == 0:
			return n.Op
		}
		value = n.Inputs[0]
	}
	return ""
}

// use walks on from a value to the one operator that takes it, as its first or second input.
func (g *Graph) use(value string) string {
	const most = 8 // moves and conversions before it
	for range most {
		op, next := "", ""
		for _, n := range g.Body.Nodes {
			if value == "" || !slices.Contains(n.Inputs[:min(2, len(n.Inputs))], value) || len(n.Outputs) == 0 {
				continue
			}
			if op != "" && op != n.Op {
				return ""
			}
			op, next = n.Op, n.Outputs[0]
		}
		if !passing[op] {
			return op
		}
		value = next
	}
	return ""
}
