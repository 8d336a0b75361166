package npz

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime/metrics"
	"strings"
	"testing"

	"ortho/runner/onnx"
)

// counting returns 0, 1, 2, ... (mod 2 for bool), as scripts/goldens/npz.py does.
func counting(name string, t onnx.ElementType, shape ...int64) Array {
	a := Array{Name: name, Type: t, Shape: shape}
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	half := []uint16{0, 0x3c00, 0x4000, 0x4200, 0x4400, 0x4500, 0x4600, 0x4700, 0x4800, 0x4880, 0x4900, 0x4980, 0x4a00, 0x4a80, 0x4b00,
		0x4b80, 0x4c00, 0x4c40, 0x4c80, 0x4cc0, 0x4d00, 0x4d40, 0x4d80, 0x4dc0}
	for i := range n {
		switch t {
		case onnx.Bool:
			a.Data = append(a.Data, byte(i%2))
		case onnx.Float16:
			a.Data = binary.LittleEndian.AppendUint16(a.Data, half[i])
		case onnx.Float:
			a.Data = binary.LittleEndian.AppendUint32(a.Data, math.Float32bits(float32(i)))
		case onnx.Double:
			a.Data = binary.LittleEndian.AppendUint64(a.Data, math.Float64bits(float64(i)))
		default:
			a.Data = append(a.Data, binary.LittleEndian.AppendUint64(nil, uint64(i))[:t.Size()]...)
		}
	}
	return a
}

var types = []onnx.ElementType{onnx.Bool, onnx.Int8, onnx.Int16, onnx.Int32, onnx.Int64, onnx.Uint8, onnx.Uint16, onnx.Uint32, onnx.Uint64,
	onnx.Float16, onnx.Float, onnx.Double}

func allTypes() []Array {
	var all []Array
	for _, t := range types {
		all = append(all, counting(t.String(), t, 2, 3, 4))
	}
	return all
}

func shapes() []Array {
	scalar := counting("scalar", onnx.Float)
	scalar.Data = binary.LittleEndian.AppendUint32(nil, math.Float32bits(7))
	empty := counting("empty", onnx.Float, 0, 3)
	empty.Data = []byte{}
	return []Array{scalar, counting("vector", onnx.Int64, 5), empty, counting("1x4 Input Vector", onnx.Float, 1, 1, 4),
		counting("/model/out:0", onnx.Float, 2, 2), counting("\u00e9", onnx.Uint8, 1)}
}

func TestReadGoldens(t *testing.T) {
	single := []Array{counting("", onnx.Float, 2, 3)}
	for file, want := range map[string][]Array{
		"types.npz": allTypes(), "compressed.npz": allTypes(), "fortran.npz": allTypes(), "big_endian.npz": allTypes(),
		"shapes.npz": shapes(), "single.npy": single, "single_fortran.npy": single, "version2.npy": single, "version3.npy": single,
	} {
		got, err := ReadFile(filepath.Join("testdata", file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", file, got, want)
		}
	}
}

// TestNarrow: bfloat16, which NumPy has no name for, and byte strings come and go as they are.
func TestNarrow(t *testing.T) {
	want := []Array{
		{Name: "bfloat16", Type: onnx.BFloat16, Shape: []int64{2, 3}, Data: []byte{0, 0, 0x80, 0x3f, 0x20, 0xc0, 0x80, 0x7f, 0x80, 0xff, 0x49, 0x40}},
		{Name: "bytes", Type: onnx.String, Shape: []int64{2, 2}, Data: []byte("tench\x00\x00\x00\x00\x00\u00e9t\u00e9a\x00\x00\x00\x00")},
	}
	for _, w := range want {
		got, err := ReadFile(filepath.Join("testdata", w.Name+".npy"))
		if w.Name = ""; err != nil || !reflect.DeepEqual(got, []Array{w}) {
			t.Errorf("%v, %v, want %v", got, err, w)
		}
	}
	want = append(want, Array{Name: "none", Type: onnx.String, Shape: []int64{0, 2}, Data: []byte{}})
	path := filepath.Join(t.TempDir(), "narrow.npz")
	if err := WriteFile(path, want); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadFile(path); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v, want %v", got, err, want)
	}
}

// TestToBrain rounds to the nearest, ties to even.
func TestToBrain(t *testing.T) {
	for v, want := range map[uint32]uint16{0x3f800000: 0x3f80, 0x3f808000: 0x3f80, 0x3f808001: 0x3f81, 0x3f818000: 0x3f82, 0x7f7fffff: 0x7f80, 0x7f800001: 0x7fc0, 0xff800000: 0xff80} {
		if got := ToBrain(math.Float32frombits(v)); got != want {
			t.Errorf("%#x: %#04x, want %#04x", v, got, want)
		}
	}
}

func TestReadRefuses(t *testing.T) {
	for file, want := range map[string]string{
		"refused_objects.npy": "pickle", "refused_strings.npy": "strings", "refused_complex.npy": "complex", "refused_dates.npy": "dates",
		"refused_records.npy": "structured", "refused_float8.npy": "float8", "refused_longdouble.npy": "of this size",
		"refused_text.npz": "notes.txt", "missing.npz": "missing.npz", ".": "a folder",
	} {
		path := filepath.Join("testdata", file)
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v, want it to say %q", file, err, want)
		}
	}
	npy := func(header string, data int) string {
		head := binary.LittleEndian.AppendUint16([]byte(magic+"\x01\x00"), uint16(len(header)))
		return string(head) + header + strings.Repeat("\x00", data)
	}
	for _, c := range []struct{ file, want string }{
		{"", "empty"},
		{"hello", "neither"},
		{magic, "ends early"},
		{magic + "\x09\x00", "version 9"},
		{magic + "\x02\x00\xff\xff\xff\xff", "header of 4294967295 bytes"},
		{npy("", 0), "no Python dict"},
		{npy("{", 0), "not understood"},
		{npy("{}", 0), "says no descr"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7), "takes 8 bytes, and there are 7"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9), "takes 8 bytes, and there are 9"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4294967296, 4294967296)}", 0), "may take up to"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 0), "out of range"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", 8), "not understood"},
		{npy("{'descr': '<f4', 'fortran_order': False, 'shape': ("+strings.Repeat("1,", 65)+")}", 4), "64 dimensions"},
		{npy("{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 4), "twice"},
		{npy("{'descr': '<f4', 'fortran_order': 'no', 'shape': ()}", 4), "fortran_order"},
		{npy("{'descr': '<f4' 'fortran_order': False, 'shape': ()}", 4), "comma"},
		{npy("{'descr': '<x9', 'fortran_order': False, 'shape': ()}", 4), "can't be used"},
		{"PK\x03\x04damaged", "damaged .npz"},
	} {
		if a, err := Read(strings.NewReader(c.file), int64(len(c.file))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.80q: %v, %v, want an error with %q", c.file, a, err, c.want)
		}
	}
	// An order of keys that NumPy does not write, but may be.
	good := npy(`{"shape": (2L, ), 'fortran_order':True,'descr':'|u1'}`, 2)
	if a, err := Read(strings.NewReader(good), int64(len(good))); err != nil || a[0].String() != "uint8[2]" {
		t.Errorf("%v, %v", a, err)
	}
}

// TestArchives: what no library writes.
func TestArchives(t *testing.T) {
	one, err := header(counting("", onnx.Uint8, 1))
	if err != nil {
		t.Fatal(err)
	}
	one = append(one, 5)
	archive := func(fill func(w *zip.Writer)) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		fill(w)
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	add := func(w *zip.Writer, name string, data []byte) {
		e, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := e.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ name, file, want string }{
		{"twice", archive(func(w *zip.Writer) { add(w, "a.npy", one); add(w, "a.npy", one) }), "twice"},
		{"many", archive(func(w *zip.Writer) {
			for i := range MaxArrays + 1 {
				add(w, fmt.Sprint(i, ".npy"), one)
			}
		}), "more than 1024"},
		{"long name", archive(func(w *zip.Writer) { add(w, strings.Repeat("a", 5000)+".npy", one) }), "longer than"},
		{"checksum", archive(func(w *zip.Writer) {
			e, err := w.CreateRaw(&zip.FileHeader{Name: "a.npy", CRC32: crc32.ChecksumIEEE(one) + 1, CompressedSize64: uint64(len(one)), UncompressedSize64: uint64(len(one))})
			if err != nil {
				t.Fatal(err)
			}
			e.Write(one)
		}), "checksum"},
		{"bomb", archive(func(w *zip.Writer) {
			e, err := w.CreateRaw(&zip.FileHeader{Name: "a.npy", Method: zip.Deflate, CompressedSize64: 4, UncompressedSize64: 1 << 31})
			if err != nil {
				t.Fatal(err)
			}
			e.Write([]byte{1, 0, 0, 0})
		}), "can't come of 4"},
	} {
		if a, err := Read(strings.NewReader(c.file), int64(len(c.file))); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, %v, want an error with %q", c.name, a, err, c.want)
		}
	}
	if a, err := Read(strings.NewReader(archive(func(*zip.Writer) {})), 22); err != nil || len(a) != 0 {
		t.Errorf("no arrays: %v, %v", a, err)
	}
}

func TestWriteFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npz")
	for _, want := range [][]Array{allTypes(), shapes(), {}} {
		if err := WriteFile(path, want); err != nil {
			t.Fatal(err)
		}
		got, err := ReadFile(path)
		if err != nil || len(got) != len(want) || len(want) > 0 && !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v, want %v", got, err, want)
		}
	}
	before, _ := os.ReadFile(path)
	for _, bad := range [][]Array{
		{{Type: onnx.Float, Data: make([]byte, 4)}},
		{{Name: "a", Type: onnx.Float, Data: make([]byte, 5)}},
		{{Name: "a", Type: onnx.BFloat16, Data: make([]byte, 3)}},
		{{Name: "a", Type: onnx.String, Shape: []int64{2}, Data: make([]byte, 3)}},
		{{Name: "a", Type: onnx.Undefined}},
		{{Name: "a", Type: onnx.Float, Shape: []int64{-1}}},
		{counting("a", onnx.Uint8, 1), counting("a", onnx.Uint8, 1)},
		{counting("a\x00", onnx.Uint8, 1)},
		{counting("\xff", onnx.Uint8, 1)},
	} {
		if err := WriteFile(path, bad); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := WriteFile(filepath.Join(t.TempDir(), "missing", "x.npz"), nil); err == nil {
		t.Error("no folder: no error")
	}
	folder := t.TempDir()
	if err := WriteFile(folder, allTypes()); err == nil {
		t.Error("a folder in its place: no error")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("what was refused has changed the file")
	}
	for _, dir := range []string{filepath.Dir(path), filepath.Dir(folder)} {
		if left, _ := filepath.Glob(filepath.Join(dir, "*.partial")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// TestNumPyReads has NumPy read what WriteFile writes.
func TestNumPyReads(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import numpy").Run() != nil {
		t.Skip("needs python3 with numpy")
	}
	golden := filepath.Join(t.TempDir(), "x.npz")
	for file, arrays := range map[string][]Array{"types.npz": allTypes(), "shapes.npz": shapes()} {
		if err := WriteFile(golden, arrays); err != nil {
			t.Fatal(err)
		}
		const program = `
import sys, numpy as np
a, b = (np.load(f, allow_pickle=False) for f in sys.argv[1:])
assert a.files == b.files, (a.files, b.files)
for n in a.files:
    assert a[n].dtype == b[n].dtype and a[n].shape == b[n].shape and (a[n] == b[n]).all(), n
print(len(a.files))`
		out, err := exec.Command(python, "-c", program, golden, filepath.Join("testdata", file)).CombinedOutput()
		if err != nil || strings.TrimSpace(string(out)) != fmt.Sprint(len(arrays)) {
			t.Errorf("%s: %v: %s", file, err, out)
		}
	}
}

func FuzzRead(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.np?")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		arrays, err := Read(bytes.NewReader(data), int64(len(data)))
		// What is packed becomes a thousand times as much at most; what a header claims, and is not there, takes nothing.
		if took := allocated() - before; took > 4096*int64(len(data))+4<<20 {
			t.Errorf("%d bytes were allocated for a file of %d", took, len(data))
		}
		if err != nil {
			return
		}
		for i := range arrays {
			if arrays[i].Name == "" || strings.ContainsRune(arrays[i].Name, 0) {
				arrays[i].Name = fmt.Sprintf("array %d", i)
			}
		}
		path := filepath.Join(t.TempDir(), "x.npz")
		if err := WriteFile(path, arrays); err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		again, err := ReadFile(path)
		if err != nil || len(again) != len(arrays) || len(again) > 0 && !reflect.DeepEqual(again, arrays) {
			t.Fatalf("%v, %v, want %v", again, err, arrays)
		}
	})
}

func TestHalf(t *testing.T) {
	for h := range 1 << 16 {
		v := FromHalf(uint16(h))
		back := ToHalf(float32(v))
		if v != v {
			if back&0x7fff != 0x7e00 {
				t.Errorf("%#04x: NaN comes back as %#04x", h, back)
			}
			continue
		}
		if back != uint16(h) {
			t.Errorf("%#04x: %v comes back as %#04x", h, v, back)
		}
		// Between this one and the next, to the nearer; halfway to the even one.
		next := FromHalf(uint16(h + 1))
		if h&0x7fff >= 0x7bff {
			continue
		}
		half := (v + next) / 2
		even := uint16(h + h&1)
		for x, want := range map[float64]uint16{half: even, v + (next-v)*0.49: uint16(h), v + (next-v)*0.51: uint16(h + 1)} {
			if got := ToHalf(float32(x)); got != want {
				t.Errorf("%v: %#04x, want %#04x", x, got, want)
			}
		}
	}
	for v, want := range map[float32]uint16{65519.9: 0x7bff, 65520: 0x7c00, -1e9: 0xfc00, float32(math.Inf(1)): 0x7c00, 1e-9: 0, 0x1p-25: 0} {
		if got := ToHalf(v); got != want {
			t.Errorf("%v: %#04x, want %#04x", v, got, want)
		}
	}
}

func TestAs(t *testing.T) {
	for _, from := range []onnx.ElementType{onnx.Float16, onnx.Float, onnx.Double} {
		for _, to := range []onnx.ElementType{onnx.Float16, onnx.Float, onnx.Double} {
			got, err := counting("x", from, 2, 3, 4).As(to)
			if err != nil || !reflect.DeepEqual(got, counting("x", to, 2, 3, 4)) {
				t.Errorf("%s as %s: %v, %v", from, to, got, err)
			}
		}
	}
	if got, err := counting("x", onnx.Int64, 2).As(onnx.Int64); err != nil || got.Type != onnx.Int64 {
		t.Errorf("%v, %v", got, err)
	}
	for _, c := range [][2]onnx.ElementType{{onnx.Int64, onnx.Float}, {onnx.Float, onnx.Int32}, {onnx.Int32, onnx.BFloat16}} {
		if got, err := counting("x", c[0], 2).As(c[1]); err == nil {
			t.Errorf("%s as %s: %v", c[0], c[1], got)
		}
	}
}

// allocated is what Go has allocated in all.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
