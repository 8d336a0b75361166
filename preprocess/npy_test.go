package preprocess

import (
	"bytes"
	"errors"
	"testing"
)

func TestWriteNPY(t *testing.T) {
	for _, c := range []struct {
		element ElementType
		shape   []int
		header  string
	}{
		{Float32, []int{1, 3, 2, 2}, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 3, 2, 2, ), }"},
		{Float16, []int{5}, "{'descr': '<f2', 'fortran_order': False, 'shape': (5, ), }"},
		{Uint8, nil, "{'descr': '|u1', 'fortran_order': False, 'shape': (), }"},
		{Int8, []int{1, 224, 224, 3}, "{'descr': '|i1', 'fortran_order': False, 'shape': (1, 224, 224, 3, ), }"},
		{Float64, []int{2}, "{'descr': '<f8', 'fortran_order': False, 'shape': (2, ), }"},
		{BFloat16, []int{2}, "{'descr': '<V2', 'fortran_order': False, 'shape': (2, ), }"},
		{Int16, []int{2}, "{'descr': '<i2', 'fortran_order': False, 'shape': (2, ), }"},
		{Uint16, []int{2}, "{'descr': '<u2', 'fortran_order': False, 'shape': (2, ), }"},
		{Int32, []int{2}, "{'descr': '<i4', 'fortran_order': False, 'shape': (2, ), }"},
		{Uint32, []int{2}, "{'descr': '<u4', 'fortran_order': False, 'shape': (2, ), }"},
		{Int64, []int{2}, "{'descr': '<i8', 'fortran_order': False, 'shape': (2, ), }"},
		// A header that just fills 64 bytes, and one that is one longer.
		{Uint8, []int{1}, "{'descr': '|u1', 'fortran_order': False, 'shape': (1, ), }"},
		{Uint8, []int{1000, 1}, "{'descr': '|u1', 'fortran_order': False, 'shape': (1000, 1, ), }"},
	} {
		size := c.element.Size()
		for _, d := range c.shape {
			size *= d
		}
		data := bytes.Repeat([]byte{7}, size)
		var b bytes.Buffer
		if err := WriteNPY(&b, c.element, c.shape, data); err != nil {
			t.Fatal(err)
		}
		got := b.Bytes()
		n := 10 + int(got[8]) + int(got[9])<<8
		if string(got[:8]) != "\x93NUMPY\x01\x00" || n%64 != 0 || got[n-1] != '\n' || !bytes.Equal(got[n:], data) {
			t.Errorf("%v: %q", c.shape, got[:min(len(got), 140)])
		}
		if header := string(bytes.TrimRight(got[10:n], " \n")); header != c.header {
			t.Errorf("header %s, want %s", header, c.header)
		}
	}
	if err := WriteNPY(new(bytes.Buffer), Float32, []int{2, 2}, make([]byte, 4)); err == nil {
		t.Error("no error for data that does not fill the shape")
	}
	full := errors.New("disk full")
	for after := range 2 {
		if err := WriteNPY(&failing{after, full}, Uint8, []int{1}, []byte{1}); !errors.Is(err, full) {
			t.Errorf("%v where write %d fails", err, after)
		}
	}
}

// failing is a writer whose writes fail after some.
type failing struct {
	left int
	err  error
}

func (f *failing) Write(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		return 0, f.err
	}
	return len(p), nil
}
