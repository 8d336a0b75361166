package equality

import (
	"bytes"
	"strconv"

	"ortho/runner/npz"
)

// addStrings compares strings, which are the same or not.
func (o *sums) addStrings(want, got npz.Array, rows int) {
	n := 1
	for _, d := range want.Shape {
		n *= int(d)
	}
	text := func(a npz.Array, i int) string {
		width := len(a.Data) / max(1, n)
		return string(bytes.TrimRight(a.Data[i*width:(i+1)*width], "\x00"))
	}
	for first := range rows {
		r := row{top: [2]int{-1, -1}}
		for i := range n / rows {
			w, g := text(want, first*(n/rows)+i), text(got, first*(n/rows)+i)
			if w == g || r.texts != nil {
				continue
			}
			r.excess, r.element, r.texts = 1, i, &[2]string{w, g} // of a tolerance of 0
			o.maxAbs = 1
		}
		o.rows = append(o.rows, r)
	}
	o.elements += n
}

// textValue quotes a string, without the end of one that is long.
func textValue(s string) Value {
	const most = 100
	if len(s) > most {
		return Value(strconv.Quote(s[:most]) + "...")
	}
	return Value(strconv.Quote(s))
}
