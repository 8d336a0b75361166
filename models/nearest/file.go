package nearest

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
	"unsafe"
)

// The form of an index's file: this line, a line of JSON, the names one a line as JSON, then the
// numbers, little-endian, and four bytes of a checksum (CRC-32C) of all before.
const (
	anyMagic = "ortho vectors " // of all versions
	magic    = anyMagic + "2\n"
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// maxHead bounds the bytes of the second line, and of a name.
const maxHead = 1 << 20

// head is the second line.
type head struct {
	Of    string `json:"of"` // what the index was made of, in the caller's words
	Count int    `json:"count"`
	Width int    `json:"width"`
}

// Write writes an index; of identifies what it was made of.
func (x *Index) Write(w io.Writer, of string) error {
	sum := crc32.New(castagnoli)
	b := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<20)
	line, err := json.Marshal(head{of, x.Len(), x.Width})
	if err != nil {
		return err
	}
	b.WriteString(magic)
	b.Write(append(line, '\n'))
	for _, name := range x.Names {
		if line, err = json.Marshal([]byte(name)); err != nil { // bytes: a name need not be UTF-8
			return err
		}
		b.Write(append(line, '\n'))
	}
	if err := binary.Write(b, binary.LittleEndian, x.Vectors); err != nil {
		return err
	}
	if err := b.Flush(); err != nil {
		return err
	}
	_, err = w.Write(binary.LittleEndian.AppendUint32(nil, sum.Sum32()))
	return err
}

var (
	// ErrOther is what Read fails with where a file is of something else.
	ErrOther = errors.New("it was made of something else")
	// ErrForeign is what Read fails with where a file is none that Write has made.
	ErrForeign = errors.New("it is no file of vectors")
)

// Read reads an index of size bytes which was made of of. What is damaged is an error.
func Read(r io.Reader, size int64, of string) (*Index, error) {
	sum := crc32.New(castagnoli)
	b := bufio.NewReaderSize(io.TeeReader(io.LimitReader(r, size-sumBytes), sum), 1<<20)
	x, err := read(b, size, of)
	if err != nil {
		return nil, err
	}
	var last [sumBytes]byte
	if n, err := b.Discard(1); n > 0 || err != io.EOF {
		return nil, errors.New("it is longer than what it says that it has")
	}
	if _, err := io.ReadFull(r, last[:]); err != nil || binary.LittleEndian.Uint32(last[:]) != sum.Sum32() {
		return nil, errors.New("it is damaged: its checksum is another")
	}
	return x, nil
}

const sumBytes = crc32.Size

func read(b *bufio.Reader, size int64, of string) (*Index, error) {
	first := make([]byte, len(magic))
	switch n, err := io.ReadFull(b, first); {
	case !strings.HasPrefix(string(first[:n]), anyMagic):
		return nil, ErrForeign
	case err != nil || string(first) != magic:
		return nil, errors.New("it is of another version, or cut short")
	}
	var h head
	if err := readLine(b, &h); err != nil {
		return nil, err
	}
	switch {
	case h.Of != of:
		return nil, ErrOther
	case h.Count < 0 || h.Count > MaxCount || h.Width < 1 || h.Width > MaxWidth || 4*int64(h.Count)*int64(h.Width) > size:
		return nil, fmt.Errorf("it says that it has %d embeddings of %d numbers", h.Count, h.Width)
	}
	x := &Index{Names: make([]string, h.Count), Width: h.Width}
	for i := range x.Names {
		var name []byte
		if err := readLine(b, &name); err != nil {
			return nil, err
		}
		x.Names[i] = string(name)
	}
	x.Vectors = make([]float32, h.Count*h.Width)
	if little { // the file's bytes are those of memory
		if len(x.Vectors) > 0 {
			_, err := io.ReadFull(b, unsafe.Slice((*byte)(unsafe.Pointer(&x.Vectors[0])), 4*len(x.Vectors)))
			if err != nil {
				return nil, fmt.Errorf("it is cut short: %w", err)
			}
		}
		return x, nil
	}
	if err := binary.Read(b, binary.LittleEndian, x.Vectors); err != nil {
		return nil, fmt.Errorf("it is cut short: %w", err)
	}
	return x, nil
}

var little = func() bool {
	one := uint16(1)
	return *(*byte)(unsafe.Pointer(&one)) == 1
}()

func readLine(b *bufio.Reader, v any) error {
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		if line = append(line, part...); len(line) > maxHead {
			return errors.New("a line of it is too long")
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return fmt.Errorf("it is cut short: %w", err)
		}
		return json.Unmarshal(line, v)
	}
}
