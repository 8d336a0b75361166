package preprocess

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"strings"
	"testing"
)

// TestTIFFSwapped: compressed numbers of which libtiff has swapped the bytes, and Pillow swaps them once more, are
// refused, and not read as noise.
func TestTIFFSwapped(t *testing.T) {
	if findTIFF().Err != nil {
		t.Skip("needs libtiff")
	}
	for _, c := range []struct {
		order  binary.AppendByteOrder
		bits   uint16
		format uint16
		read   bool
	}{{binary.BigEndian, 32, 3, false}, {binary.BigEndian, 32, 2, false}, {binary.BigEndian, 16, 2, false}, {binary.LittleEndian, 32, 3, true}, {binary.BigEndian, 8, 1, true}} {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		z.Write(make([]byte, 4*4*int(c.bits)/8))
		z.Close()
		mark := "II"
		if c.order == binary.BigEndian {
			mark = "MM"
		}
		file := c.order.AppendUint16([]byte(mark), 42)
		file = c.order.AppendUint32(file, uint32(8+packed.Len()+packed.Len()%2))
		file = append(file, packed.Bytes()...)
		file = append(file, make([]byte, packed.Len()%2)...)
		tags := [][2]uint32{{256, 4}, {257, 4}, {258, uint32(c.bits)}, {259, 8}, {262, 1}, {273, 8}, {277, 1}, {278, 4}, {279, uint32(packed.Len())}, {339, uint32(c.format)}}
		file = c.order.AppendUint16(file, uint16(len(tags)))
		for _, tag := range tags {
			file = c.order.AppendUint16(file, uint16(tag[0]))
			file = c.order.AppendUint32(c.order.AppendUint16(file, 4), 1)
			file = c.order.AppendUint32(file, tag[1])
		}
		file = c.order.AppendUint32(file, 0)
		_, err := Decode(file, DecodeOptions{})
		if (err == nil) != c.read || err != nil && !strings.Contains(err.Error(), "the high byte first") {
			t.Errorf("%v, %d bits of format %d: %v", c.order, c.bits, c.format, err)
		}
	}
}
