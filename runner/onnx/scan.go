package onnx

import (
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/encoding/protowire"
)

// Limits on what is kept of a file, whoever wrote it.
const (
	maxText   = 64 << 10  // bytes of a name
	maxDoc    = 64 << 10  // bytes of a doc string; what is beyond is left out
	maxValue  = 8 << 20   // bytes of one metadata value
	maxKept   = 128 << 20 // bytes of everything together
	maxCount  = 1 << 20   // nodes, initializers
	maxRank   = 32
	windowLen = 32 << 10
)

var errTruncated = errors.New("it ends too early: the file is truncated or damaged; fetch or export it anew")

// scanner walks the fields of protobuf messages by their offsets. It reads a
// window at a time, and none of what is passed over.
type scanner struct {
	r      io.ReaderAt
	size   int64
	window []byte // bytes from start on
	start  int64
	buf    [windowLen]byte
	kept   int64

	constants int64 // bytes of large constants that are kept
}

// field is one field of a message: a number in n, or bytes from begin to end.
type field struct {
	number     protowire.Number
	typ        protowire.Type
	n          uint64
	begin, end int64
}

// peek returns up to n bytes at off.
func (s *scanner) peek(off int64, n int) ([]byte, error) {
	n = int(min(int64(n), s.size-off))
	if off < s.start || off+int64(n) > s.start+int64(len(s.window)) {
		got, err := s.r.ReadAt(s.buf[:min(windowLen, s.size-off)], off)
		if err != nil && !(errors.Is(err, io.EOF) && got >= n) {
			if errors.Is(err, io.EOF) {
				err = errTruncated
			}
			return nil, err
		}
		s.window, s.start = s.buf[:got], off
	}
	return s.window[off-s.start:][:n], nil
}

// fields calls f for every field of the message from begin to end.
func (s *scanner) fields(begin, end int64, f func(field) error) error {
	for off := begin; off < end; {
		head, err := s.peek(off, 20) // a tag and a number, both varints
		if err != nil {
			return err
		}
		head = head[:min(int64(len(head)), end-off)]
		number, typ, n := protowire.ConsumeTag(head)
		if n < 0 {
			return fmt.Errorf("at byte %d: %w", off, malformed(n))
		}
		off, head = off+int64(n), head[n:]
		v := field{number: number, typ: typ}
		switch typ {
		case protowire.VarintType:
			v.n, n = protowire.ConsumeVarint(head)
		case protowire.Fixed32Type:
			var bits uint32
			bits, n = protowire.ConsumeFixed32(head)
			v.n = uint64(bits)
		case protowire.Fixed64Type:
			v.n, n = protowire.ConsumeFixed64(head)
		case protowire.BytesType:
			v.n, n = protowire.ConsumeVarint(head)
		default:
			return fmt.Errorf("at byte %d: no field of an ONNX file has wire type %d: the file is damaged; fetch or export it anew", off, typ)
		}
		if n < 0 {
			return fmt.Errorf("at byte %d: %w", off, malformed(n))
		}
		off += int64(n)
		if typ == protowire.BytesType {
			if v.n > uint64(end-off) {
				return fmt.Errorf("at byte %d: a field of %d bytes where %d are left: %w", off, v.n, end-off, errTruncated)
			}
			v.begin, v.end = off, off+int64(v.n)
			off = v.end
		}
		if err := f(v); err != nil {
			return err
		}
	}
	return nil
}

func malformed(n int) error {
	if err := protowire.ParseError(n); errors.Is(err, io.ErrUnexpectedEOF) {
		return errTruncated
	}
	return errors.New("it is no protobuf message: the file is damaged; fetch or export it anew")
}

// keep counts bytes against the limit of all that is kept.
func (s *scanner) keep(n int64) error {
	if s.kept += n; s.kept > maxKept {
		return fmt.Errorf("names and metadata take more than %d MiB", maxKept>>20)
	}
	return nil
}

// text reads a string field of at most limit bytes.
func (s *scanner) text(v field, limit int64, what string) (string, error) {
	n := v.end - v.begin
	if n > limit {
		return "", fmt.Errorf("a %s of %d bytes; at most %d are read", what, n, limit)
	}
	if err := s.keep(n + 16); err != nil {
		return "", err
	}
	b, err := s.bytes(v)
	return string(b), err
}

// bytes reads a field whole; what it returns holds until the next read.
func (s *scanner) bytes(v field) ([]byte, error) {
	n := v.end - v.begin
	if n <= windowLen {
		return s.peek(v.begin, int(n))
	}
	b := make([]byte, n)
	if got, err := s.r.ReadAt(b, v.begin); got < len(b) {
		return nil, err
	}
	return b, nil
}

// doc reads the first bytes of a doc string.
func (s *scanner) doc(v field) (string, error) {
	v.end = min(v.end, v.begin+maxDoc)
	return s.text(v, maxDoc, "doc string")
}

// pair reads a StringStringEntryProto.
func (s *scanner) pair(v field) (key, value string, err error) {
	err = s.fields(v.begin, v.end, func(v field) (err error) {
		switch {
		case v.typ != protowire.BytesType:
		case v.number == 1:
			key, err = s.text(v, maxText, "metadata key")
		case v.number == 2:
			value, err = s.text(v, maxValue, "metadata value")
		}
		return err
	})
	return key, value, err
}
