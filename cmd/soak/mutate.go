package main

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
)

// odd are numbers at which sums, products and comparisons go wrong.
var odd = []uint64{0, 1, 2, 3, 7, 8, 15, 16, 127, 128, 255, 256, 257, 4096, 32767, 32768, 65535, 65536, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 40, 1 << 62, 1 << 63, 1<<64 - 1}

// damaged is data with a few faults, as disks, networks and people make them; other is a second file of the
// kind, to splice in.
func damaged(random *rand.Rand, data, other []byte) []byte {
	data = slices.Clone(data)
	for range []int{1, 1, 1, 1, 2, 4}[random.IntN(6)] {
		if len(data) == 0 {
			break
		}
		data = fault(random, data, other)
	}
	return data
}

func fault(random *rand.Rand, data, other []byte) []byte {
	at := random.IntN(len(data))
	if random.IntN(5) < 2 { // headers
		at = random.IntN(min(len(data), 100))
	}
	end := min(len(data), at+1+random.IntN(1<<random.IntN(12)))
	switch random.IntN(10) {
	case 0, 1:
		data[at] = byte(random.Uint32())
	case 2:
		data[at] ^= 1 << random.IntN(8)
	case 3: // what is not there
		return slices.Delete(data, at, end)
	case 4:
		return data[:at]
	case 5: // twice
		return slices.Insert(data, at, slices.Clone(data[at:end])...)
	case 6:
		insert := make([]byte, 1+random.IntN(8))
		for i := range insert {
			insert[i] = byte(random.Uint32())
		}
		return slices.Insert(data, at, insert...)
	case 7: // a sector of nothing
		clear(data[at:end])
	case 8: // a length, an offset, a count
		number := odd[random.IntN(len(odd))]
		var order binary.ByteOrder = binary.BigEndian
		if random.IntN(2) == 0 {
			order = binary.LittleEndian
		}
		switch width := 2 << random.IntN(3); {
		case at+width > len(data):
		case width == 2:
			order.PutUint16(data[at:], uint16(number))
		case width == 4:
			order.PutUint32(data[at:], uint32(number))
		default:
			order.PutUint64(data[at:], number)
		}
	case 9: // the rest of another file
		if len(other) > 0 {
			return append(data[:at], other[random.IntN(len(other)):]...)
		}
	}
	return data
}

// span is a part of a file: [from, to).
type span struct{ from, to int }

// rearranged is data of which one part is missing, there twice, or in another's place, or has a length that
// is not its own. lengthAt is where a part's length stands in it, and its bytes.
func rearranged(random *rand.Rand, data []byte, parts []span, lengthAt, lengthBytes int) []byte {
	if len(parts) == 0 {
		return data
	}
	one, two := parts[random.IntN(len(parts))], parts[random.IntN(len(parts))]
	part := slices.Clone(data[one.from:one.to])
	data = slices.Clone(data)
	switch random.IntN(4) {
	case 0:
		return slices.Delete(data, one.from, one.to)
	case 1:
		for range 1 + random.IntN(3) {
			data = slices.Insert(data, two.from, part...)
		}
	case 2:
		return slices.Replace(data, two.from, two.to, part...)
	default:
		number := odd[random.IntN(len(odd))]
		for i := range lengthBytes {
			if at := one.from + lengthAt + i; at < len(data) {
				data[at] = byte(number >> (8 * i))
			}
		}
	}
	return data
}
