package preprocess

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// WriteNPY writes a tensor, in this machine's byte order, as NumPy's .npy format
// 1.0 (numpy.lib.format).
func WriteNPY(w io.Writer, t ElementType, shape []int, data []byte) error {
	order := "<"
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		order = ">"
	}
	descr := [...]string{Float32: order + "f4", Float16: order + "f2", Uint8: "|u1", Int8: "|i1"}[t]
	dims := make([]string, len(shape))
	for i, d := range shape {
		dims[i] = fmt.Sprint(d)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s,), }", descr, strings.Join(dims, ", "))
	const prefix = 10
	padding := 64 - (prefix+len(header)+1)%64
	header += strings.Repeat(" ", padding%64) + "\n"
	head := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	if _, err := w.Write(append(head, header...)); err != nil {
		return fmt.Errorf("write npy: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write npy: %w", err)
	}
	return nil
}
