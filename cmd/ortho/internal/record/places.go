package record

import mathbits "math/bits"

// Places are some of the rows, by their places from 0.
type Places struct {
	Count int64  `json:"count"`
	Bits  []byte `json:"bits"` // of the row at i bit i%8 of the byte i/8
}

// Has reports whether the row at a place is one of them.
func (p *Places) Has(i int64) bool {
	return i >= 0 && i/8 < int64(len(p.Bits)) && p.Bits[i/8]>>(i%8)&1 != 0
}

func (p *Places) add(i int64) {
	for i/8 >= int64(len(p.Bits)) {
		p.Bits = append(p.Bits, 0)
	}
	p.Bits[i/8] |= 1 << (i % 8)
	p.Count++
}

// fit reports whether they are of so many rows.
func (p *Places) fit(rows int64) bool {
	n, last := int64(0), int64(-1)
	for i, b := range p.Bits {
		if n += int64(mathbits.OnesCount8(b)); b != 0 {
			last = int64(8*i + mathbits.Len8(b) - 1)
		}
	}
	return n == p.Count && last < rows
}
