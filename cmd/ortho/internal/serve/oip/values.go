package oip

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// fromJSON makes a tensor of values in JSON: a list, or lists in lists, row-major.
func fromJSON(t *tensor, data []byte) error {
	n, err := count(t.Name, t.Shape)
	if err != nil {
		return err
	}
	switch t.Type {
	case onnx.Float16, onnx.BFloat16:
		return fault.Input("tensor %.200q: JSON has no values of %s: give them as raw bytes (binary_data_size)", t.Name, nameOf(t.Type))
	case onnx.String:
		var values any
		if err := json.Unmarshal(data, &values); err != nil {
			return fault.Input("tensor %.200q: its data is no JSON: %v", t.Name, err)
		}
		if !texts(&t.Texts, values, n, 0) || len(t.Texts) != n {
			return fault.Input("tensor %.200q: its data is not %d texts", t.Name, n)
		}
		return nil
	}
	// What the data can hold at most, whatever the shape claims.
	t.Data = make([]byte, 0, min(n, len(data)/2+1)*t.Type.Size())
	depth, found := 0, 0
	for at := 0; at < len(data); {
		switch c := data[at]; {
		case c == '[':
			if depth++; depth > maxRank {
				return fault.Input("tensor %.200q: its data has lists in more than %d lists", t.Name, maxRank)
			}
			at++
		case c == ']':
			depth--
			at++
		case c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r':
			at++
		default:
			end := at + 1
			for end < len(data) && bytes.IndexByte([]byte(",] \n\t\r["), data[end]) < 0 {
				end++
			}
			if found++; found > n {
				return fault.Input("tensor %.200q has more than the %d values of shape %v", t.Name, n, t.Shape)
			}
			ok := false
			if t.Data, ok = parsed(t.Data, t.Type, string(data[at:end])); !ok {
				return fault.Input("tensor %.200q: %.40q is no value of %s", t.Name, data[at:end], nameOf(t.Type))
			}
			at = end
		}
	}
	if found != n {
		return fault.Input("tensor %.200q has %d values: shape %v has %d", t.Name, found, t.Shape, n)
	}
	return nil
}

// parsed appends a value as it stands in JSON.
func parsed(b []byte, of onnx.ElementType, text string) ([]byte, bool) {
	switch of {
	case onnx.Bool:
		if text == "true" || text == "false" {
			return append(b, map[string]byte{"true": 1}[text]), true
		}
	case onnx.Int64:
		if v, err := strconv.ParseInt(text, 10, 64); err == nil {
			return put(b, of, v)
		}
	case onnx.Uint64:
		if v, err := strconv.ParseUint(text, 10, 64); err == nil {
			return put(b, of, v)
		}
	case onnx.Float:
		v, err := strconv.ParseFloat(text, 32)
		if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
			return b, false
		}
		return put(b, of, v)
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(v, 0) || math.IsNaN(v) {
		return b, false
	}
	return put(b, of, v)
}

// texts appends the texts of lists in lists, at most n.
func texts(to *[][]byte, value any, n, depth int) bool {
	switch v := value.(type) {
	case string:
		*to = append(*to, []byte(v))
		return len(*to) <= n
	case []any:
		for _, e := range v {
			if depth > maxRank || !texts(to, e, n, depth+1) {
				return false
			}
		}
		return true
	}
	return false
}

// appendJSON appends a tensor's values as a flat list. Values that are no numbers can't be in JSON.
func appendJSON(b []byte, t *tensor) ([]byte, error) {
	b = append(b, '[')
	if t.Type == onnx.String {
		for i, text := range t.Texts {
			if i > 0 {
				b = append(b, ',')
			}
			quoted, err := json.Marshal(string(text))
			if err != nil {
				return nil, err
			}
			b = append(b, quoted...)
		}
		return append(b, ']'), nil
	}
	size := t.Type.Size()
	for at := 0; at+size <= len(t.Data); at += size {
		if at > 0 {
			b = append(b, ',')
		}
		var ok bool
		if b, ok = appendValue(b, t.Type, t.Data[at:at+size]); !ok {
			return nil, fault.Input("output %s has a value that JSON has none for (NaN or infinity): ask for it as raw bytes (binary_data)", t.Name)
		}
	}
	return append(b, ']'), nil
}

// appendValue appends an element as JSON.
func appendValue(b []byte, of onnx.ElementType, e []byte) ([]byte, bool) {
	if of == onnx.Bool {
		return strconv.AppendBool(b, e[0] != 0), true
	}
	if v, signed, ok := integer(of, e); ok {
		if signed {
			return strconv.AppendInt(b, int64(v), 10), true
		}
		return strconv.AppendUint(b, v, 10), true
	}
	v, bits := float(of, e)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return b, false
	}
	at := len(b)
	if b = strconv.AppendFloat(b, v, 'g', -1, bits); !bytes.ContainsAny(b[at:], ".e") {
		b = append(b, ".0"...) // else it is read as an integer, of which there is no -0
	}
	return b, true
}

// integer is an element of a type of integers, as two's complement of 64 bits.
func integer(of onnx.ElementType, e []byte) (v uint64, signed, ok bool) {
	for i := len(e) - 1; i >= 0; i-- {
		v = v<<8 | uint64(e[i])
	}
	switch of {
	case onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64:
		return v, false, true
	case onnx.Int8:
		return uint64(int8(v)), true, true
	case onnx.Int16:
		return uint64(int16(v)), true, true
	case onnx.Int32:
		return uint64(int32(v)), true, true
	case onnx.Int64:
		return v, true, true
	}
	return 0, false, false
}

// float is an element of a type of floats, and the bits that it is written for.
func float(of onnx.ElementType, e []byte) (v float64, bits int) {
	var n uint64
	for i := len(e) - 1; i >= 0; i-- {
		n = n<<8 | uint64(e[i])
	}
	switch of {
	case onnx.Double:
		return math.Float64frombits(n), 64
	case onnx.Float:
		return float64(math.Float32frombits(uint32(n))), 32
	case onnx.BFloat16:
		return float64(math.Float32frombits(uint32(n) << 16)), 32
	case onnx.Float16:
		return npz.FromHalf(uint16(n)), 32
	}
	return math.NaN(), 64
}
