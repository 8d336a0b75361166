package record

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/crc32"
	"strconv"

	"ortho/cmd/ortho/internal/source"
)

// A line of OUT.partial is one of JSONL with three fields more: the stamp of its input, where there is
// one, its position and a checksum of all before it:
//
//	{"input":"a.jpg",...,"stamp":"cTnX2a7GDlw","position":12,"crc32c":"0a1b2c3d"}
//
// Lines that older versions wrote have no stamp; some have no checksum either, and a position only
// where the row takes the place of another.
const (
	stampKey    = `,"stamp":"`
	positionKey = `,"position":`
	sumKey      = `,"crc32c":"`
	sumLength   = len(sumKey) + 2*crc32.Size + len(`"}`)
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// next is the position of a row that follows the one before it.
const next = -1

// seal appends a row's line to a buffer. row is JSON, with or without a newline.
func seal(buffer, row []byte, stamp source.Stamp, position int64) []byte {
	row = bytes.TrimSuffix(row, []byte("\n"))
	begin := len(buffer)
	buffer = append(buffer, row[:len(row)-len("}")]...)
	if stamp != "" {
		buffer = append(buffer, stampKey...)
		buffer = base64.RawStdEncoding.AppendEncode(buffer, []byte(stamp))
		buffer = append(buffer, '"')
	}
	buffer = append(buffer, positionKey...)
	buffer = strconv.AppendInt(buffer, position, 10)
	end := len(buffer)
	buffer = append(buffer, sumKey...)
	return append(endOf(buffer, buffer[begin:end]), '\n')
}

// endOf appends the checksum of a line's beginning, and what ends the line.
func endOf(buffer, begin []byte) []byte {
	var sum [crc32.Size]byte
	binary.BigEndian.PutUint32(sum[:], crc32.Checksum(begin, castagnoli))
	return append(hex.AppendEncode(buffer, sum[:]), `"}`...)
}

// errDamaged is of a line that is not as it was written.
var errDamaged = errors.New("its checksum is that of another")

// unsealed is a line without what only OUT.partial has.
type unsealed struct {
	row      []byte // JSON
	stamp    source.Stamp
	position int64
}

// unseal takes the further fields off a line, in its own memory. What has no checksum is damaged,
// unless it may be of an older version: then its position may be next.
func unseal(line []byte, older bool) (unsealed, error) {
	body := line[:max(0, len(line)-len("}"))]
	if n := len(line) - sumLength; n > 0 && bytes.HasPrefix(line[n:], []byte(sumKey)) {
		var buffer [2*crc32.Size + 2]byte
		if !bytes.Equal(line[n+len(sumKey):], endOf(buffer[:0], line[:n])) {
			return unsealed{position: next}, errDamaged
		}
		body, older = line[:n], false
	} else if !older {
		return unsealed{position: next}, errDamaged
	}
	l := unsealed{row: line, position: next}
	if i := bytes.LastIndex(body, []byte(positionKey)); i >= 0 {
		if at, err := strconv.ParseUint(string(body[i+len(positionKey):]), 10, 62); err == nil {
			l.position, body = int64(at), body[:i]
		}
	}
	switch {
	case l.position == next && !older:
		return unsealed{position: next}, errDamaged
	case len(body) == len(line)-len("}") || len(line) == 0:
		return l, nil
	}
	l.stamp, body = stampAt(body)
	l.row = append(body, '}')
	return l, nil
}

// stampAt takes the stamp off the end of a line.
func stampAt(body []byte) (source.Stamp, []byte) {
	i := bytes.LastIndex(body, []byte(stampKey))
	if i < 0 {
		return "", body
	}
	text, closed := bytes.CutSuffix(body[i+len(stampKey):], []byte(`"`))
	stamp, err := base64.RawStdEncoding.AppendDecode(nil, text)
	if err != nil || !closed {
		return "", body
	}
	return source.Stamp(stamp), body[:i]
}
