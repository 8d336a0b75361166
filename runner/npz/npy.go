package npz

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"ortho/runner/onnx"
)

// The format: magic, version (major, minor), the header's length, the header (a
// Python dict as text), the elements. Documented in numpy.lib.format; its three
// versions differ in the length's size and the text's encoding.
const magic = "\x93NUMPY"

// kinds are the elements' types by NumPy's array-interface type string, without the
// byte order.
var kinds = map[string]onnx.ElementType{
	"b1": onnx.Bool,
	"i1": onnx.Int8, "i2": onnx.Int16, "i4": onnx.Int32, "i8": onnx.Int64,
	"u1": onnx.Uint8, "u2": onnx.Uint16, "u4": onnx.Uint32, "u8": onnx.Uint64,
	"f2": onnx.Float16, "f4": onnx.Float, "f8": onnx.Double,
	"V2": onnx.BFloat16, // as ml_dtypes writes it
}

// Holds reports whether arrays can have elements of this type.
func Holds(t onnx.ElementType) bool {
	return t == onnx.String || slices.Contains(slices.Collect(maps.Values(kinds)), t)
}

// readNPY reads an .npy of size bytes whose elements may take up to limit.
func readNPY(r io.Reader, size, limit int64) (Array, error) {
	fixed := make([]byte, 12)
	if err := readFull(r, fixed[:8]); err != nil {
		return Array{}, err
	}
	if string(fixed[:6]) != magic {
		return Array{}, errors.New("it is not in .npy format")
	}
	lengthSize := 4
	switch fixed[6] {
	case 1:
		lengthSize = 2
	case 2, 3:
	default:
		return Array{}, fmt.Errorf(".npy version %d is not known", fixed[6])
	}
	if err := readFull(r, fixed[8:8+lengthSize]); err != nil {
		return Array{}, err
	}
	length := binary.LittleEndian.Uint32(fixed[8:]) // the bytes behind a short one are 0
	if length > maxHeader {
		return Array{}, fmt.Errorf("a header of %d bytes: more than %d are not read", length, maxHeader)
	}
	text := make([]byte, length)
	if err := readFull(r, text); err != nil {
		return Array{}, err
	}
	h, err := parseHeader(string(text))
	if err != nil {
		return Array{}, fmt.Errorf("header: %w", err)
	}
	a := Array{Shape: h.shape}
	width, bigEndian := 0, false
	if a.Type, width, bigEndian, err = elementType(h.descr); err != nil {
		return Array{}, err
	}
	need, err := byteSize(width, a.Shape, limit)
	if err != nil {
		return Array{}, err
	}
	if there := size - int64(8+lengthSize) - int64(length); there != need {
		return Array{}, fmt.Errorf("%s takes %d bytes, and there are %d", a, need, there)
	}
	a.Data = make([]byte, need)
	if err := readFull(r, a.Data); err != nil {
		return Array{}, err
	}
	// Read to the end, where an archive reports that a checksum is wrong.
	if n, err := r.Read(make([]byte, 1)); n > 0 {
		return Array{}, errors.New("it is longer than it says")
	} else if err != io.EOF {
		return Array{}, err
	}
	if bigEndian {
		swap(a.Data, a.Type.Size())
	}
	if h.fortran {
		a.Data = rowMajor(a.Data, a.Shape, width)
	}
	return a, nil
}

func readFull(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errors.New("it ends early: it was cut off")
	}
	return err
}

type npyHeader struct {
	descr   string
	fortran bool
	shape   []int64
}

var (
	entryPattern = regexp.MustCompile(`^\s*(?:'(\w+)'|"(\w+)")\s*:\s*('[^']*'|"[^"]*"|True|False|\([0-9L,\s]*\)|\[)\s*`)
	dimPattern   = regexp.MustCompile(`[0-9]+`)
)

// parseHeader reads {'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }, in
// any order of its keys.
func parseHeader(text string) (h npyHeader, err error) {
	body, ok := strings.CutPrefix(strings.TrimSpace(text), "{")
	if !ok {
		return h, fmt.Errorf("%.100q is no Python dict", text)
	}
	seen := map[string]bool{}
	for {
		if strings.TrimSpace(body) == "}" {
			break
		}
		m := entryPattern.FindStringSubmatch(body)
		if m == nil {
			return h, fmt.Errorf("%.100q is not understood", body)
		}
		key, value := m[1]+m[2], m[3]
		body = body[len(m[0]):]
		if seen[key] {
			return h, fmt.Errorf("%s is there twice", key)
		}
		seen[key] = true
		quoted := value[0] == '\'' || value[0] == '"'
		switch {
		case key == "descr" && value == "[":
			return h, errors.New("a structured array (records with fields) can't be an input: save each field as an array")
		case key == "descr" && quoted:
			h.descr = value[1 : len(value)-1]
		case key == "fortran_order" && (value == "True" || value == "False"):
			h.fortran = value == "True"
		case key == "shape" && value[0] == '(':
			if h.shape, err = parseShape(value); err != nil {
				return h, err
			}
		default:
			return h, fmt.Errorf("%s: %.100s is not understood", key, value)
		}
		if rest, ok := strings.CutPrefix(body, ","); ok {
			body = rest
		} else if strings.TrimSpace(body) != "}" {
			return h, fmt.Errorf("%.100q where } or a comma is due", body)
		}
	}
	for _, key := range []string{"descr", "fortran_order", "shape"} {
		if !seen[key] {
			return h, fmt.Errorf("it says no %s", key)
		}
	}
	return h, nil
}

func parseShape(text string) ([]int64, error) {
	dims := dimPattern.FindAllString(text, maxRank+1)
	if len(dims) > maxRank {
		return nil, fmt.Errorf("a shape of more than %d dimensions", maxRank)
	}
	var shape []int64
	for _, d := range dims {
		n, err := strconv.ParseInt(d, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("shape %.100s: %w", text, err)
		}
		shape = append(shape, n)
	}
	return shape, nil
}

// elementType reads a type string such as "<f4", and how many bytes an element takes.
func elementType(descr string) (t onnx.ElementType, width int, bigEndian bool, err error) {
	kind := strings.TrimLeft(descr, "<>|=")
	if t, ok := kinds[kind]; ok && len(descr) == len(kind)+1 {
		return t, t.Size(), descr[0] == '>' && t.Size() > 1, nil
	}
	if digits, ok := strings.CutPrefix(kind, "S"); ok && len(descr) == len(kind)+1 {
		if width, err := strconv.Atoi(digits); err == nil && width >= 0 && width <= maxString {
			return onnx.String, max(1, width), false, nil
		}
	}
	what := map[byte]string{
		'O': "Python objects (a pickle), which are not read", 'S': "byte strings", 'a': "byte strings", 'U': "strings",
		'c': "complex numbers", 'M': "dates", 'm': "time spans", 'V': "raw bytes (float8 of ml_dtypes?)", 'f': "floats of this size",
	}
	if kind != "" && what[kind[0]] != "" {
		return 0, 0, false, fmt.Errorf("elements of type %.20q are %s: only bool, integers, float16, bfloat16, float32 and float64 can be used", descr, what[kind[0]])
	}
	return 0, 0, false, fmt.Errorf("elements of type %.20q can't be used: only bool, integers, float16, bfloat16, float32 and float64 can", descr)
}

// width returns the bytes that each of the array's elements takes: of strings, those of the
// longest.
func (a Array) width() int {
	if a.Type != onnx.String {
		return a.Type.Size()
	}
	n := 1
	for _, d := range a.Shape {
		n *= int(d)
	}
	return max(1, len(a.Data)/max(1, n))
}

// byteSize returns the bytes that an array takes, at most limit.
func byteSize(width int, shape []int64, limit int64) (int64, error) {
	if len(shape) > maxRank {
		return 0, fmt.Errorf("a shape of more than %d dimensions", maxRank)
	}
	if slices.Min(append([]int64{1}, shape...)) < 0 {
		return 0, fmt.Errorf("the shape %v has a negative dimension", shape)
	}
	if slices.Contains(shape, 0) {
		return 0, nil
	}
	n := int64(width)
	for _, d := range shape {
		if d > limit/n {
			return 0, fmt.Errorf("an array of shape %v: all arrays of a file together may take up to %d bytes", shape, int64(MaxBytes))
		}
		n *= d
	}
	return n, nil
}

// swap reverses the bytes of each element.
func swap(data []byte, size int) {
	for e := range slices.Chunk(data, size) {
		slices.Reverse(e)
	}
}

// rowMajor reorders column-major elements.
func rowMajor(data []byte, shape []int64, size int) []byte {
	if len(shape) < 2 || len(data) == 0 {
		return data
	}
	out := make([]byte, len(data))
	strides := make([]int, len(shape)) // of the source, in bytes
	step := size
	for i, d := range shape {
		strides[i] = step
		step *= int(d)
	}
	at := make([]int64, len(shape))
	from := 0
	for to := 0; to < len(out); to += size {
		copy(out[to:to+size], data[from:from+size])
		for i := len(shape) - 1; i >= 0; i-- {
			at[i]++
			from += strides[i]
			if at[i] < shape[i] {
				break
			}
			from -= strides[i] * int(shape[i])
			at[i] = 0
		}
	}
	return out
}

// header returns all that stands before an array's elements in an .npy, version 1.0:
// the elements then begin at a multiple of 64 bytes.
func header(a Array) ([]byte, error) {
	kind := ""
	for k, t := range kinds {
		if t == a.Type {
			kind = k
		}
	}
	order := "<"
	if a.Type.Size() < 2 {
		order = "|"
	}
	if a.Type == onnx.String {
		kind = fmt.Sprintf("S%d", a.width())
	}
	var dims strings.Builder
	for i, d := range a.Shape {
		if i > 0 {
			dims.WriteByte(' ')
		}
		fmt.Fprintf(&dims, "%d,", d)
	}
	shape := dims.String()
	if len(a.Shape) > 1 {
		shape = strings.TrimSuffix(shape, ",") // as Python writes it
	}
	text := fmt.Sprintf("{'descr': '%s%s', 'fortran_order': False, 'shape': (%s), }", order, kind, shape)
	const prefix = 10
	text += strings.Repeat(" ", 63-(prefix+len(text))%64) + "\n"
	head := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), uint16(len(text)))
	return append(head, text...), nil
}
