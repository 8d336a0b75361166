package main

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
)

// damagedImage is an image with faults: in its bytes or in the order and lengths of its parts, or both. Most
// PNGs have right checksums, since with wrong ones nothing else is looked at.
func damagedImage(random *rand.Rand, data, other []byte) []byte {
	how := random.IntN(3)
	if how > 0 {
		parts, at, length := partsOf(data)
		data = rearranged(random, data, parts, at, length)
	}
	if how < 2 {
		data = damaged(random, data, other)
	}
	if isPNG(data) && random.IntN(10) < 7 {
		data = checked(data)
	}
	return data
}

func isPNG(data []byte) bool { return bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")) }

// partsOf are the chunks, segments, boxes or entries that an image consists of, and where in each its length
// stands: an offset, and bytes.
func partsOf(data []byte) (parts []span, at, length int) {
	switch {
	case isPNG(data):
		return chain(data, 8, func(d []byte) int { return 12 + int(binary.BigEndian.Uint32(d)) }), 0, 4
	case bytes.HasPrefix(data, []byte{0xff, 0xd8}):
		return chain(data, 2, func(d []byte) int { return 2 + int(binary.BigEndian.Uint16(d[2:])) }), 2, 2
	case bytes.HasPrefix(data, []byte("RIFF")):
		return chain(data, 12, func(d []byte) int { n := int(binary.LittleEndian.Uint32(d[4:])); return 8 + n + n%2 }), 4, 4
	case bytes.HasPrefix(data, []byte("II*\x00")):
		return entries(data, binary.LittleEndian), 4, 4
	case bytes.HasPrefix(data, []byte("MM\x00*")):
		return entries(data, binary.BigEndian), 4, 4
	case len(data) > 12 && (string(data[4:8]) == "ftyp" || string(data[4:8]) == "jP  " || string(data[4:8]) == "JXL "):
		return boxes(data, 0), 0, 4
	}
	return nil, 0, 0
}

// chain are parts that follow each other, each as long as its first bytes say.
func chain(data []byte, at int, length func([]byte) int) (parts []span) {
	for at+8 <= len(data) {
		end := at + length(data[at:])
		if end <= at || end > len(data) {
			break
		}
		parts = append(parts, span{at, end})
		at = end
	}
	return parts
}

// boxes are those of ISO's file format, with the ones inside of them.
func boxes(data []byte, at int) (parts []span) {
	inside := map[string]int{"meta": 12, "iprp": 8, "ipco": 8, "moov": 8, "trak": 8, "mdia": 8, "minf": 8, "stbl": 8, "jp2h": 8}
	for _, box := range chain(data, at, func(d []byte) int { return int(binary.BigEndian.Uint32(d)) }) {
		parts = append(parts, box)
		if begin, ok := inside[string(data[box.from+4:box.from+8])]; ok && box.from+begin < box.to {
			parts = append(parts, boxes(data[:box.to], box.from+begin)...)
		}
	}
	return parts
}

// entries are those of a TIFF's first directory.
func entries(data []byte, order binary.ByteOrder) (parts []span) {
	if len(data) < 8 {
		return nil
	}
	at := int(order.Uint32(data[4:]))
	if at < 8 || at+2 > len(data) {
		return nil
	}
	for i := range int(order.Uint16(data[at:])) {
		if from := at + 2 + 12*i; from+12 <= len(data) {
			parts = append(parts, span{from, from + 12})
		}
	}
	return parts
}

// checked is a PNG with right checksums.
func checked(data []byte) []byte {
	parts, _, _ := partsOf(data)
	for _, p := range parts {
		binary.BigEndian.PutUint32(data[p.to-4:], crc32.ChecksumIEEE(data[p.from+4:p.to-4]))
	}
	return data
}
