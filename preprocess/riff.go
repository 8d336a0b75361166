package preprocess

import (
	"encoding/binary"
	"io"
)

// riffHead begins a WebP file of chunks of so many bytes.
func riffHead(chunks int) []byte {
	head := binary.LittleEndian.AppendUint32([]byte("RIFF"), uint32(4+chunks))
	return append(head, "WEBP"...)
}

// riffChunkList is chunks, each with its header and padded to an even length.
type riffChunkList []byte

func (l *riffChunkList) add(id string, body []byte) {
	*l = binary.LittleEndian.AppendUint32(append(*l, id...), uint32(len(body)))
	*l = append(append(*l, body...), make([]byte, len(body)&1)...)
}

// Flags of a VP8X chunk.
const webpAnimation, webpXMP, webpEXIF, webpAlpha, webpProfile = 0x02, 0x04, 0x08, 0x10, 0x20

// vp8x is the body of an extended WebP file's first chunk.
func vp8x(flags byte, width, height int) []byte {
	b := []byte{flags, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	for i := range 3 {
		b[4+i], b[7+i] = byte((width-1)>>(8*i)), byte((height-1)>>(8*i))
	}
	return b
}

// riffChunks calls f with each chunk, its header in front.
func riffChunks(data []byte, f func(id string, chunk []byte) error) error {
	for len(data) >= 8 {
		n := int64(binary.LittleEndian.Uint32(data[4:])) + 8
		if n > int64(len(data)) {
			return io.ErrUnexpectedEOF
		}
		if err := f(string(data[:4]), data[:n:n]); err != nil {
			return err
		}
		data = data[min(n+n&1, int64(len(data))):]
	}
	return nil
}

func putLE24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }

func le24(b []byte) int { return int(b[0]) | int(b[1])<<8 | int(b[2])<<16 }
