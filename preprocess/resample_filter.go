package preprocess

import "encoding/binary"

// filterRows filters n rows, stride bytes apart, whose first pixel is input pixel
// lo, into rows of as many pixels as there are taps.
func filterRows(dst, src []byte, stride, n int, t *taps, lo, channels int) {
	out := len(t.start) * channels
	for y := range n {
		to, from := dst[y*out:(y+1)*out], src[y*stride:(y+1)*stride]
		if channels == 3 {
			filterRow3(to, from, t, lo)
		} else {
			filterRow1(to, from, t, lo)
		}
	}
}

func filterRow3(dst, src []byte, t *taps, lo int) {
	for i := range t.pairs {
		weights := t.pairs[i].weight
		px := src[(t.pairs[i].start-lo)*3:]
		px = px[:len(weights)*3]
		r, g, b := int64(bothHalves), int64(bothHalves), int64(bothHalves)
		for len(weights) >= 4 && len(px) >= 12 {
			w, p := (*[4]int64)(weights), (*[12]byte)(px)
			r += int64(p[0])*w[0] + int64(p[3])*w[1] + int64(p[6])*w[2] + int64(p[9])*w[3]
			g += int64(p[1])*w[0] + int64(p[4])*w[1] + int64(p[7])*w[2] + int64(p[10])*w[3]
			b += int64(p[2])*w[0] + int64(p[5])*w[1] + int64(p[8])*w[2] + int64(p[11])*w[3]
			weights, px = weights[4:], px[12:]
		}
		for len(weights) >= 1 && len(px) >= 3 {
			w, p := weights[0], (*[3]byte)(px)
			r += int64(p[0]) * w
			g += int64(p[1]) * w
			b += int64(p[2]) * w
			weights, px = weights[1:], px[3:]
		}
		r0, r1 := lanes(r)
		g0, g1 := lanes(g)
		b0, b1 := lanes(b)
		d := dst[6*i:]
		d[0], d[1], d[2] = r0, g0, b0
		if len(d) >= 6 {
			d[3], d[4], d[5] = r1, g1, b1
		}
	}
}

func filterRow1(dst, src []byte, t *taps, lo int) {
	for i := range t.pairs {
		weights := t.pairs[i].weight
		px := src[t.pairs[i].start-lo:]
		px = px[:len(weights)]
		sum := int64(bothHalves)
		for k, p := range px {
			sum += int64(p) * weights[k]
		}
		d := dst[2*i:]
		first, second := lanes(sum)
		d[0] = first
		if len(d) >= 2 {
			d[1] = second
		}
	}
}

// filterColumns filters rows of n bytes, stride apart, of which the first is
// input row lo, into as many rows of n bytes as there are taps.
func filterColumns(dst, src []byte, n, stride int, t *taps, lo int) {
	for i, start := range t.start {
		weights := t.weight[i]
		rows, out := src[(start-lo)*stride:], dst[i*n:(i+1)*n]
		x := 0
		for ; x+8 <= n; x += 8 {
			filterColumns8(out[x:], rows[x:], stride, weights)
		}
		if x == n {
			continue
		}
		if n >= 8 { // the last eight once more, rather than one by one
			filterColumns8(out[n-8:], rows[n-8:], stride, weights)
			continue
		}
		for ; x < n; x++ {
			sum := int32(1 << (precision - 1))
			for k, w := range weights {
				sum += int32(rows[k*stride+x]) * w
			}
			out[x] = clip8(sum)
		}
	}
}

// filterColumns8 filters eight columns: bytes 0 and 4, 1 and 5, 2 and 6, 3 and 7
// are the two lanes of a sum.
func filterColumns8(out, rows []byte, stride int, weights []int32) {
	const ends = 0x000000ff_000000ff
	a, b, c, d := int64(bothHalves), int64(bothHalves), int64(bothHalves), int64(bothHalves)
	at := 0
	for _, w := range weights {
		v := int64(binary.LittleEndian.Uint64(rows[at : at+8 : at+8]))
		w := int64(w)
		a += v & ends * w
		b += v >> 8 & ends * w
		c += v >> 16 & ends * w
		d += v >> 24 & ends * w
		at += stride
	}
	o := (*[8]byte)(out)
	o[0], o[4] = lanes(a)
	o[1], o[5] = lanes(b)
	o[2], o[6] = lanes(c)
	o[3], o[7] = lanes(d)
}
