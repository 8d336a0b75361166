package preprocess

import (
	"cmp"
	"math/bits"
	"slices"
)

// bitWriter packs bits from the lowest on.
type bitWriter struct {
	out   []byte
	store uint64
	n     int // bits in store
}

func (b *bitWriter) bits(v uint32, n int) {
	b.store |= uint64(v) << b.n
	for b.n += n; b.n >= 8; b.n -= 8 {
		b.out = append(b.out, byte(b.store))
		b.store >>= 8
	}
}

func (b *bitWriter) flag(set bool) {
	if set {
		b.bits(1, 1)
	} else {
		b.bits(0, 1)
	}
}

func (b *bitWriter) end() []byte {
	if b.n > 0 {
		b.bits(0, 8-b.n)
	}
	return b.out
}

// pixelCoder cuts an image into what is coded: pixels, and copies of pixels.
type pixelCoder struct {
	pix         []byte // G; G and A; G, R and B; or all of them
	size, width int
	opaque      bool // A is 255 where it is not there; else 0
}

// Copies are of the pixel to the left or of the row above, whose codes for distances are these.
const (
	copyAbove, copyLeft = 1, 2
	shortest, longest   = 4, 4096
	lengthCodes         = 24
	distanceCodes       = 40
)

// each calls either function for all of the image.
func (c pixelCoder) each(pixel func(p []byte), repeat func(length, distance int)) {
	total := len(c.pix) / c.size
	for i := 0; i < total; {
		n, distance := c.run(i, 1), copyLeft
		if c.width > 1 && n < longest {
			if m := c.run(i, c.width); m > n {
				n, distance = m, copyAbove
			}
		}
		if n < shortest {
			pixel(c.pix[i*c.size : (i+1)*c.size])
			i++
			continue
		}
		repeat(n, distance)
		i += n
	}
}

// run is how many pixels from i on equal those so many before.
func (c pixelCoder) run(i, before int) int {
	if before > i {
		return 0
	}
	here, there := c.pix[i*c.size:], c.pix[(i-before)*c.size:]
	here = here[:min(len(here), longest*c.size)]
	n := 0
	for n < len(here) && here[n] == there[n] {
		n++
	}
	return n / c.size
}

// prefixed splits a number from 1 on into its code and further bits.
func prefixed(v int) (code, extra, n int) {
	if v <= 2 {
		return v - 1, 0, 0
	}
	v--
	top := bits.Len(uint(v)) - 1
	n = top - 1
	return 2*top + v>>n&1, v & (1<<n - 1), n
}

// writePixels writes five prefix codes, and with them the image.
func writePixels(b *bitWriter, c pixelCoder) {
	var counts [5][]int // of green and lengths, red, blue, alpha, distances
	for i, n := range []int{256 + lengthCodes, 256, 256, 256, distanceCodes} {
		counts[i] = make([]int, n)
	}
	c.each(func(p []byte) {
		for i, v := range c.channels(p) {
			counts[i][v]++
		}
	}, func(length, distance int) {
		code, _, _ := prefixed(length)
		counts[0][256+code]++
		counts[4][distance-1]++
	})
	var codes [5][]prefixCode
	for i, n := range counts {
		codes[i] = prefixCodes(n, 15)
		writeCode(b, codes[i])
	}
	put := func(p prefixCode) { b.bits(p.bits, p.written) }
	c.each(func(p []byte) {
		for i, v := range c.channels(p) {
			put(codes[i][v])
		}
	}, func(length, distance int) {
		code, extra, n := prefixed(length)
		put(codes[0][256+code])
		b.bits(uint32(extra), n)
		put(codes[4][distance-1]) // codes up to 4 have no further bits
	})
}

// channels gives G, R, B and A.
func (c pixelCoder) channels(p []byte) (v [4]uint8) {
	if c.opaque {
		v[3] = 255
	}
	v[0] = p[0]
	if c.size >= 3 {
		v[1], v[2] = p[1], p[2]
	}
	if c.size%2 == 0 {
		v[3] = p[c.size-1]
	}
	return v
}

// prefixCode is a symbol's code.
type prefixCode struct {
	length  int // 0: the symbol does not occur
	bits    uint32
	written int // length, but 0 where there is no other symbol
}

// prefixCodes are canonical Huffman codes of lengths up to most. Where codes come out
// longer, rare symbols count for more, as libwebp does it.
func prefixCodes(counts []int, most int) []prefixCode {
	codes := make([]prefixCode, len(counts))
	for least := 1; ; least *= 2 {
		huffmanLengths(codes, counts, least)
		if !slices.ContainsFunc(codes, func(c prefixCode) bool { return c.length > most }) {
			break
		}
	}
	next := uint32(0)
	for length := 1; length <= most; length++ {
		next <<= 1
		for i := range codes {
			if codes[i].length == length {
				codes[i].bits = bits.Reverse32(next) >> (32 - length)
				next++
			}
		}
	}
	return codes
}

func huffmanLengths(codes []prefixCode, counts []int, least int) {
	type node struct{ count, left, right int } // children, or the symbol and -1
	var nodes []node
	clear(codes)
	for i, n := range counts {
		if n > 0 {
			nodes = append(nodes, node{max(n, least), i, -1})
		}
	}
	if len(nodes) == 1 {
		codes[nodes[0].left].length = 1
		return
	}
	// Leaves by count, and behind them the inner nodes, which come in that order too.
	slices.SortStableFunc(nodes, func(a, b node) int { return cmp.Compare(a.count, b.count) })
	leaves := len(nodes)
	leaf, inner := 0, leaves
	smallest := func() int {
		if leaf < leaves && (inner == len(nodes) || nodes[leaf].count <= nodes[inner].count) {
			leaf++
			return leaf - 1
		}
		inner++
		return inner - 1
	}
	for range leaves - 1 {
		a, b := smallest(), smallest()
		nodes = append(nodes, node{nodes[a].count + nodes[b].count, a, b})
	}
	depth := make([]int, len(nodes))
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if n.right < 0 {
			codes[n.left].length, codes[n.left].written = depth[i], depth[i]
			continue
		}
		depth[n.left], depth[n.right] = depth[i]+1, depth[i]+1
	}
}

// writeCode writes the lengths of a code, by a code of their own.
func writeCode(b *bitWriter, codes []prefixCode) {
	var used []int
	for i, c := range codes {
		if c.length > 0 {
			used = append(used, i)
		}
	}
	if len(used) == 0 {
		used = []int{0}
	}
	if len(used) == 1 && used[0] < 256 {
		b.flag(true)
		b.bits(0|1<<1, 2) // one symbol, of 8 bits
		b.bits(uint32(used[0]), 8)
		return
	}
	b.flag(false)
	lengths := make([]int, 19)
	for _, c := range codes {
		lengths[c.length]++
	}
	own := prefixCodes(lengths, 7)
	b.bits(uint32(len(lengths)-4), 4)
	for _, i := range []int{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15} {
		b.bits(uint32(own[i].length), 3)
	}
	b.flag(false) // lengths of all symbols
	for _, c := range codes {
		b.bits(own[c.length].bits, own[c.length].written)
	}
}
