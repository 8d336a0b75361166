package preprocess

import (
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// WriteNPY writes a tensor, in this machine's byte order, as NumPy's .npy format
// 1.0 (numpy.lib.format). bfloat16, which NumPy does not have, is written as ml_dtypes' arrays
// are: two bytes of no type, for x.view(ml_dtypes.bfloat16). It fails where data does not
// fill the shape.
func WriteNPY(w io.Writer, t ElementType, shape []int, data []byte) error {
	order := "<"
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		order = ">"
	}
	descr := [...]string{Float32: order + "f4", Float16: order + "f2", Float64: order + "f8", BFloat16: order + "V2", Uint8: "|u1", Int8: "|i1",
		Uint16: order + "u2", Int16: order + "i2", Uint32: order + "u4", Int32: order + "i4", Int64: order + "i8"}[t]
	size := t.Size()
	var dims strings.Builder
	for _, d := range shape {
		size *= d
		fmt.Fprintf(&dims, "%d, ", d)
	}
	if size != len(data) {
		return fmt.Errorf("write npy: %d bytes for the shape %v of %s", len(data), shape, t)
	}
	header := fmt.Sprintf("{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", descr, dims.String())
	// The data begins at a multiple of 64 bytes.
	const prefix = 10
	header += strings.Repeat(" ", 63-(prefix+len(header))%64) + "\n"
	head := append([]byte("\x93NUMPY\x01\x00"), byte(len(header)), byte(len(header)>>8))
	if _, err := w.Write(append(head, header...)); err != nil {
		return fmt.Errorf("write npy: %w", err)
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write npy: %w", err)
	}
	return nil
}
