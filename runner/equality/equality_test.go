package equality

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// TestRealOutputs compares what ONNX Runtime and OpenVINO gave for four photographs
// (scripts/make_goldens.py equality): same inputs are within the tolerance, wrongly prepared
// ones are not, and the figures are NumPy's.
func TestRealOutputs(t *testing.T) {
	type golden struct {
		Reference, Got, Precision, Type string
		Shape                           []int64
		Within                          bool
		RMS                             float64  `json:"rms"`
		MaxAbs                          float64  `json:"max_abs"`
		MaxRel                          float64  `json:"max_rel"`
		Cosine                          float64  `json:"cosine"`
		SQNR                            *float64 `json:"sqnr_db"`
		PSNR                            *float64 `json:"psnr_db"`
		Same                            float64  `json:"same_top1"`
		SSIM                            *SSIM    `json:"ssim"`
	}
	var cases []golden
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) != 22 {
		t.Fatal(len(cases), err)
	}
	types := map[string]onnx.ElementType{"float32": onnx.Float, "float16": onnx.Float16, "uint8": onnx.Uint8}
	for _, c := range cases {
		load := func(name string) npz.Array {
			data, err := os.ReadFile(filepath.Join("testdata", name+".bin"))
			if err != nil {
				t.Fatal(err)
			}
			return npz.Array{Name: "y", Type: types[c.Type], Shape: c.Shape, Data: data}
		}
		want, got := load(c.Reference), load(c.Got)
		for _, chunk := range []int{1, 3, 4} { // however it is cut, the figures are the same
			comparison := New(Precision(c.Precision).Tolerance())
			for at := 0; at < 4; at += chunk {
				n := min(chunk, 4-at)
				if err := comparison.Add([]npz.Array{rows(want, at, n)}, []npz.Array{rows(got, at, n)}, n); err != nil {
					t.Fatal(err)
				}
			}
			o := comparison.Outputs()[0]
			if o.Within != c.Within || Within([]Output{o}) != c.Within || (o.Reason == "") != o.Within || o.Rows != 4 || o.Elements != len(got.Data)/got.Type.Size() {
				t.Errorf("%s: within %t (%s), want %t; %+v", c.Got, o.Within, o.Reason, c.Within, o)
			}
			for name, v := range map[string][2]*float64{"rms": {o.RMS, &c.RMS}, "max abs": {o.MaxAbs, &c.MaxAbs}, "max rel": {o.MaxRel, &c.MaxRel},
				"cosine": {o.Cosine, &c.Cosine}, "sqnr": {o.SQNR, c.SQNR}, "psnr": {o.PSNR, c.PSNR}} {
				if (v[0] == nil) != (v[1] == nil) || v[0] != nil && math.Abs(*v[0]-*v[1]) > 1e-9*max(1, math.Abs(*v[1])) {
					t.Errorf("%s: %s %v, NumPy's %v", c.Got, name, show(v[0]), show(v[1]))
				}
			}
			if (o.SSIM == nil) != (c.SSIM == nil) || o.SSIM != nil && (o.SSIM.Row != c.SSIM.Row || math.Abs(o.SSIM.Mean-c.SSIM.Mean) > 1e-9 || math.Abs(o.SSIM.Worst-c.SSIM.Worst) > 1e-9) {
				t.Errorf("%s: SSIM %+v, scikit-image's %+v", c.Got, o.SSIM, c.SSIM)
			}
			if o.Exact != (c.Reference == c.Got) || o.Exact != (o.SQNR == nil) {
				t.Errorf("%s: exact %t", c.Got, o.Exact)
			}
			if o.Image != strings.HasPrefix(c.Got, "image") || (o.Top1 == nil) != o.Image {
				t.Errorf("%s: image %t, top-1 %v", c.Got, o.Image, o.Top1)
			}
			if o.Top1 != nil && o.Top1.Same != int(c.Same) {
				t.Errorf("%s: top-1 %+v, NumPy's %v", c.Got, *o.Top1, c.Same)
			}
			if !o.Within && len(o.First) == 0 {
				t.Errorf("%s: no row is listed", c.Got)
			}
			if _, err := json.Marshal(o); err != nil {
				t.Error(err)
			}
		}
	}
}

func show(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}

func rows(a npz.Array, at, n int) npz.Array {
	size := len(a.Data) / int(a.Shape[0])
	return npz.Array{Name: a.Name, Type: a.Type, Shape: append([]int64{int64(n)}, a.Shape[1:]...), Data: a.Data[at*size : (at+n)*size]}
}

func array[T any](t onnx.ElementType, shape []int64, values ...T) npz.Array {
	data, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err)
	}
	return npz.Array{Name: "y", Type: t, Shape: shape, Data: data}
}

func compare(t *testing.T, p Precision, want, got npz.Array, rows int) Output {
	t.Helper()
	c := New(p.Tolerance())
	if err := c.Add([]npz.Array{want}, []npz.Array{got}, rows); err != nil {
		t.Fatal(err)
	}
	return c.Outputs()[0]
}

func TestOneWrongElement(t *testing.T) {
	n, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		want, got npz.Array
		rows      int
		row       Row
		reason    string
	}{
		"float32":       {array(onnx.Float, []int64{2, 2}, float32(1), 2, 3, 4), array(onnx.Float, []int64{2, 2}, float32(1), 2, 3, 4.01), 2, Row{Row: 1, Element: 1, Want: "4", Got: "4.01"}, "1 of 2 rows"},
		"float64":       {array(onnx.Double, []int64{2}, 1.0, 2), array(onnx.Double, []int64{2}, 1.0, 2.000001), 1, Row{Element: 1, Want: "2", Got: "2.000001"}, "1 of 1 rows"},
		"float16":       {array(onnx.Float16, []int64{2}, uint16(0x3c00), 0xc000), array(onnx.Float16, []int64{2}, uint16(0x3c00), 0xc080), 0, Row{Element: 1, Want: "-2", Got: "-2.25"}, "1 of 1 rows"},
		"bfloat16":      {array(onnx.BFloat16, []int64{1}, uint16(0x3f80)), array(onnx.BFloat16, []int64{1}, uint16(0x3fc0)), 1, Row{Want: "1", Got: "1.5"}, "1 of 1 rows"},
		"float16 of 32": {array(onnx.Float, []int64{1}, float32(1)), array(onnx.Float16, []int64{1}, uint16(0x4000)), 1, Row{Want: "1", Got: "2"}, "1 of 1 rows"},
		"int64":         {array(onnx.Int64, []int64{2}, int64(math.MinInt64), math.MaxInt64), array(onnx.Int64, []int64{2}, int64(math.MinInt64), math.MaxInt64-1), 2, Row{Row: 1, Want: "9223372036854775807", Got: "9223372036854775806"}, "must be the same"},
		"int8":          {array(onnx.Int8, []int64{1}, int8(-128)), array(onnx.Int8, []int64{1}, int8(127)), 1, Row{Want: "-128", Got: "127"}, "by at most 255"},
		"uint64":        {array(onnx.Uint64, []int64{1}, uint64(math.MaxUint64)), array(onnx.Uint64, []int64{1}, uint64(0)), 1, Row{Want: "18446744073709551615", Got: "0"}, "must be the same"},
		"uint16":        {array(onnx.Uint16, nil, uint16(7)), array(onnx.Uint16, nil, uint16(8)), 4, Row{Want: "7", Got: "8"}, "by at most 1"},
		"bool":          {array(onnx.Bool, []int64{1, 1}, uint8(1)), array(onnx.Bool, []int64{1, 1}, uint8(0)), 1, Row{Want: "true", Got: "false"}, "must be the same"},
		"scalar":        {array(onnx.Float, nil, float32(1)), array(onnx.Float, nil, float32(2)), 4, Row{Want: "1", Got: "2"}, "1 of 1 rows"},
		"NaN":           {array(onnx.Float, []int64{3}, float32(1), 1, 1), array(onnx.Float, []int64{3}, n, 1, 1), 1, Row{Want: "1", Got: "NaN"}, "1 of 3 elements are NaN"},
		"infinite":      {array(onnx.Float, []int64{3}, inf, inf, 1), array(onnx.Float, []int64{3}, inf, -inf, 1), 3, Row{Row: 1, Want: "+Inf", Got: "-Inf"}, "1 of 3 elements are NaN"},
		"overflow":      {array(onnx.Float, []int64{2}, float32(65520), 1), array(onnx.Float16, []int64{2}, uint16(0x7c00), 0x3c00), 2, Row{Want: "65520", Got: "+Inf"}, "1 of 2 elements are NaN or infinite"},
		"text":          {text(2, "tench", "\u00e9t\u00e9"), text(2, "tench", "\u00e9tc"), 2, Row{Row: 1, Want: "\"\u00e9t\u00e9\"", Got: "\"\u00e9tc\""}, "the text is another one in 1 of 2 rows"},
		"zeros":         {array(onnx.Float, []int64{1}, float32(0)), array(onnx.Float, []int64{1}, float32(1e-9)), 1, Row{Want: "0", Got: "1e-09"}, "1 of 1 rows"},
		"shape":         {array(onnx.Float, []int64{1, 2}, float32(0), 0), array(onnx.Float, []int64{2, 1}, float32(0), 0), 1, Row{}, "its shape is [2 1], the reference's [1 2]"},
	} {
		p := typePrecision[c.want.Type]
		if p == "" {
			p = Float32 // integers of a float32 graph
		}
		o := compare(t, p, c.want, c.got, c.rows)
		if o.Within || o.Exact || !strings.Contains(o.Reason, c.reason) {
			t.Errorf("%s: within %t, exact %t: %q", name, o.Within, o.Exact, o.Reason)
		}
		if c.row != (Row{}) {
			if len(o.First) != 1 {
				t.Errorf("%s: listed %+v", name, o.First)
				continue
			}
			o.First[0].Top1 = nil
			if o.First[0] != c.row {
				t.Errorf("%s: listed %+v, want %+v", name, o.First[0], c.row)
			}
		}
		if _, err := json.Marshal(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if same := compare(t, p, c.want, c.want, c.rows); !same.Within || !same.Exact || same.Reason != "" || same.Beyond != 0 {
			t.Errorf("%s: not the same as itself: %+v", name, same)
		}
	}
}

// text is an array of strings, a row each.
func text(rows int64, strings ...string) npz.Array {
	a := npz.Array{Name: "y", Type: onnx.String, Shape: []int64{rows, int64(len(strings)) / rows}}
	for _, s := range strings {
		a.Data = append(a.Data, append([]byte(s), make([]byte, 8-len(s))...)...)
	}
	return a
}

// TestNotFinite: what is NaN on both sides is not equal, and infinities are where there is
// more to compare.
func TestNotFinite(t *testing.T) {
	n, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, c := range map[string]struct {
		values         []float32
		within, exact  bool
		nan, infinite  int
		reason, notice string
	}{
		"all NaN":         {[]float32{n, n, n}, false, false, 3, 0, "every element is NaN on both sides", ""},
		"some NaN":        {[]float32{1, n, 3}, false, false, 1, 0, "1 of 3 elements are NaN on both sides", ""},
		"all infinite":    {[]float32{inf, -inf, inf}, false, false, 0, 3, "every element is infinite on both sides", "3 of 3"},
		"masked classes":  {[]float32{1, -inf, -inf}, true, true, 0, 2, "", "2 of 3 elements are the same infinity"},
		"NaN and nothing": {[]float32{inf, n, inf}, false, false, 1, 2, "1 of 3 elements are NaN", "2 of 3"},
		"finite":          {[]float32{1, 2, 3}, true, true, 0, 0, "", ""},
		"none":            {nil, true, true, 0, 0, "", "no run gave an element"},
	} {
		y := array(onnx.Float, []int64{1, int64(len(c.values))}, c.values...)
		o := compare(t, Float32, y, y, 1)
		if o.Within != c.within || o.Exact != c.exact || o.NaN != c.nan || o.Infinite != c.infinite || !strings.Contains(o.Reason, c.reason) ||
			(c.reason == "") != (o.Reason == "") || !strings.Contains(o.Notice(), c.notice) || (c.notice == "") != (o.Notice() == "") {
			t.Errorf("%s: %+v, %q", name, o, o.Notice())
		}
		if _, err := json.Marshal(o); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	empty, one := array[float32](onnx.Float, []int64{0, 4}), array(onnx.Float, []int64{1, 4}, float32(1), 2, 3, 4)
	if o := compare(t, Float32, empty, one, 1); o.Within || !strings.Contains(o.Reason, "its shape is [1 4], the reference's [0 4]") {
		t.Errorf("an empty output and one that is not: %+v", o)
	}
}

func TestTop1(t *testing.T) {
	want := array(onnx.Float, []int64{4, 3, 1, 1}, float32(1), 2, 3, 5, 5.0002, 0, 3, 2, 1, 0, 0, 1)
	got := array(onnx.Float, []int64{4, 3, 1, 1}, float32(1), 2, 3, 5.0002, 5, 0, 3, 2, 9, 0, 0, 1)
	o := compare(t, Float32, want, got, 4)
	if o.Top1 == nil || *o.Top1 != (Top1{Same: 2, Ties: 1, Differ: 1, Agreement: 0.75}) {
		t.Errorf("top-1 %+v", o.Top1)
	}
	if len(o.First) != 1 || o.First[0].Row != 2 || o.First[0].Top1 == nil || *o.First[0].Top1 != [2]int{0, 2} {
		t.Errorf("listed %+v", o.First)
	}
	if o := compare(t, Float32, array(onnx.Float, []int64{1, 2, 2}, float32(1), 2, 3, 4), array(onnx.Float, []int64{1, 2, 2}, float32(1), 2, 3, 4), 1); o.Top1 != nil {
		t.Errorf("a matrix has a top-1: %+v", *o.Top1)
	}
}

// TestInt8 has the verdict of a quantised graph's outputs: by noise, rows and the largest
// element.
func TestInt8(t *testing.T) {
	const n = 40
	want := make([]float32, 2*n*8)
	for i := range want {
		want[i] = float32(math.Sin(float64(i*i)) * 4)
	}
	noisy := func(rows int, by float64) npz.Array {
		got := slices.Clone(want)
		for i := range got[:rows*8] {
			got[i] += float32(by * math.Cos(float64(i*i)*1.7) * math.Sqrt2)
		}
		return array(onnx.Float, []int64{2 * n, 8}, got...)
	}
	reference := array(onnx.Float, []int64{2 * n, 8}, want...)
	for _, c := range []struct {
		got    npz.Array
		reason string
	}{
		{noisy(2*n, 0.15), ""},
		{noisy(2*n, 0.4), "SQNR"},
		{noisy(1, 2), "RMS error of 1 of 80 rows"},
	} {
		if o := compare(t, Int8, reference, c.got, 2*n); !strings.Contains(o.Reason, c.reason) || o.Within != (c.reason == "") {
			t.Errorf("within %t: %q, want one of %q", o.Within, o.Reason, c.reason)
		}
	}
	off := array(onnx.Uint8, []int64{4}, uint8(100), 101, 101, 100)
	if o := compare(t, Int8, array(onnx.Uint8, []int64{4}, uint8(100), 100, 100, 100), off, 4); !o.Within || o.Exact {
		t.Errorf("quantised output: %+v", o)
	}
	if o := compare(t, Float32, array(onnx.Uint8, []int64{4}, uint8(100), 100, 100, 100), off, 4); o.Within {
		t.Errorf("integer output of a float32 graph: %+v", o)
	}
}

func TestAddRefuses(t *testing.T) {
	y := array(onnx.Float, []int64{1, 2}, float32(1), 2)
	with := func(change func(*npz.Array)) npz.Array { a := y; change(&a); return a }
	for name, c := range map[string]struct {
		want, got []npz.Array
		reason    string
	}{
		"missing":    {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Name = "z" })}, `no output "y"`},
		"number":     {[]npz.Array{y}, nil, "0 outputs and 1"},
		"text":       {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Type = onnx.String })}, "its elements are string"},
		"short":      {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Data = a.Data[:7] })}, "7 bytes where float32[1 2] takes 8"},
		"negative":   {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Shape = []int64{-1, -2} })}, "is none"},
		"much":       {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Shape = []int64{1 << 40, 1 << 40} })}, "is none"},
		"other type": {[]npz.Array{y}, []npz.Array{with(func(a *npz.Array) { a.Type = onnx.Int32 })}, "int32, the reference's float32"},
	} {
		if err := New(Float32.Tolerance()).Add(c.want, c.got, 1); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: error %v, want one of %q", name, err, c.reason)
		}
	}
	if o := New(Float32.Tolerance()).Outputs(); Within(o) {
		t.Error("nothing is within the tolerance")
	}
}

func TestNothingToCompare(t *testing.T) {
	empty := array[float32](onnx.Float, []int64{0, 6})
	if o := compare(t, Float32, empty, empty, 1); !o.Within || !o.Exact || o.Rows != 1 || o.Cosine != nil {
		t.Errorf("no detections: %+v", o)
	}
	huge := array(onnx.Double, []int64{2}, 1e200, -1e200)
	if o := compare(t, Float64, huge, array(onnx.Double, []int64{2}, 1e200, 1e200), 1); o.Within {
		t.Errorf("huge values: %+v", o)
	}
}

func TestFloat16(t *testing.T) {
	for bits, want := range map[uint16]float64{0: 0, 1: 0x1p-24, 0x03ff: 1023 * 0x1p-24, 0x0400: 0x1p-14, 0x3c00: 1, 0xc500: -5, 0x7bff: 65504, 0x7c00: math.Inf(1), 0xfc00: math.Inf(-1)} {
		if got := npz.FromHalf(bits); got != want {
			t.Errorf("%#x is %g, want %g", bits, got, want)
		}
	}
	if v := npz.FromHalf(0x7e00); v == v {
		t.Errorf("NaN is %g", v)
	}
}

func TestPrecisionOf(t *testing.T) {
	for model, want := range map[string]Precision{"testdata/float32_nchw": Float32, "testdata/float16_nchw": Float16, "testdata/int8_nchw": Float32,
		"bundled/efficientnet-lite0": Float32, "bundled/efficientnet-lite0-int8": Int8} {
		g, err := onnx.ReadFile(filepath.Join("../../models", model, "model.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		if got := PrecisionOf(g); got != want {
			t.Errorf("%s: %s, want %s", model, got, want)
		}
	}
	if p := PrecisionOf(&onnx.Graph{Inputs: []onnx.Value{{Type: onnx.Int64}}}); p != Exact {
		t.Errorf("integers: %s", p)
	}
	for _, p := range fromFine {
		if s := p.Tolerance().String(); s == "" || p.Tolerance().Precision != p {
			t.Errorf("%s: %q", p, s)
		}
	}
}

func FuzzAdd(f *testing.F) {
	f.Add([]byte{0, 0, 0x80, 0x3f}, []byte{0, 0, 0x80, 0x7f}, int32(1), int64(1), int64(1), 1)
	f.Fuzz(func(t *testing.T, a, b []byte, typ int32, d0, d1 int64, rows int) {
		for _, p := range fromFine {
			c := New(p.Tolerance())
			shape := []int64{d0, d1}
			want, got := npz.Array{Type: onnx.ElementType(typ), Shape: shape, Data: a}, npz.Array{Type: onnx.ElementType(typ), Shape: shape, Data: b}
			if c.Add([]npz.Array{want}, []npz.Array{got}, rows) != nil {
				continue
			}
			o := c.Outputs()
			if _, err := json.Marshal(o); err != nil {
				t.Error(err)
			}
			if o[0].Exact && !o[0].Within {
				t.Errorf("the same, but not within the tolerance: %+v", o[0])
			}
		}
	})
}
