package onnx

import (
	"bytes"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestWeightsIn: each file with weights is there, whole and what it is to be, or the problem
// says what it is.
func TestWeightsIn(t *testing.T) {
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 100\n"
	whole := strings.Repeat("\x00", 100)
	for _, c := range []struct {
		name, problem string // "": none
		size          int64
		files         fstest.MapFS
	}{
		{"w.data", "", 100, fstest.MapFS{"w.data": {Data: []byte(whole)}}},
		{"w.data", "", 130, fstest.MapFS{"w.data": {Data: []byte(whole + strings.Repeat("x", 30))}}},
		{"./sub/../w.data", "", 100, fstest.MapFS{"w.data": {Data: []byte(whole)}}},
		{"sub/w.data", "", 100, fstest.MapFS{"sub/w.data": {Data: []byte(whole)}}},
		{"w.data", "is missing: copy it there", -1, fstest.MapFS{"other.onnx": {Data: []byte(whole)}, "small.data": {Data: []byte("x")}, "another.data": {Data: []byte(whole)}}},
		{"w.data", "is missing: copy it there from where the model comes; if model.onnx_data in that folder is it, give it that name back", -1, fstest.MapFS{"model.onnx_data": {Data: []byte(whole)}}},
		{"w.data", "if W.DATA in that folder is it", -1, fstest.MapFS{"W.DATA": {Data: []byte(whole)}}},
		{"sub/w.bin", "if weights.bin in that folder is it", -1, fstest.MapFS{"sub/weights.bin": {Data: []byte(whole)}}},
		{"w.data", "git lfs pull", int64(len(pointer)), fstest.MapFS{"w.data": {Data: []byte(pointer)}}},
		{"w.data", "is empty", 0, fstest.MapFS{"w.data": {}}},
		{"w.data", "has 99 bytes, and the graph's tensors reach to byte 100", 99, fstest.MapFS{"w.data": {Data: []byte(whole[1:])}}},
		{"w.data", "is a folder", -1, fstest.MapFS{"w.data/x": {}}},
		{".", "is a folder", -1, fstest.MapFS{"x": {}}},
		{"w.data", "is no regular file", -1, fstest.MapFS{"w.data": {Mode: fs.ModeNamedPipe}}},
		{"../w.data", "outside of the model's folder", -1, fstest.MapFS{}},
		{"sub/../../w.data", "outside of the model's folder", -1, fstest.MapFS{}},
		{"/srv/w.data", "outside of the model's folder", -1, fstest.MapFS{}},
	} {
		g := &Graph{External: []ExternalFile{{c.name, 100}}, ExternalData: []string{c.name, "another.data"}}
		got := g.WeightsIn(c.files)[0]
		if got.Name != c.name || got.Size != c.size || (got.Problem == nil) != (c.problem == "") || got.Problem != nil && !strings.Contains(got.Problem.Error(), c.problem) {
			t.Errorf("%s of %v: %d bytes, %v; want %d, %q", c.name, c.files, got.Size, got.Problem, c.size, c.problem)
		}
	}
	if got := (&Graph{External: []ExternalFile{{"w", 0}}}).WeightsIn(fstest.MapFS{"w": {}})[0]; got.Problem != nil {
		t.Errorf("tensors without elements: %v", got.Problem)
	}
}

// TestCheckWeights: the error names the graph's file, and those that can't be used.
func TestCheckWeights(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "m.onnx")
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o777); err != nil {
		t.Fatal(err)
	}
	g := &Graph{External: []ExternalFile{{"a.data", 1}, {"sub/w.data", 2}}}
	for name, text := range map[string]string{"a.data": "a", "sub/w.data": "w"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := g.CheckWeights(file); err == nil || !strings.HasPrefix(err.Error(), file+": its weights are in sub/w.data, which is cut short") || strings.Contains(err.Error(), "a.data") {
		t.Error(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "link.data")); err == nil {
		g := &Graph{External: []ExternalFile{{"link.data", 1}}}
		if err := g.CheckWeights(file); err == nil || !strings.Contains(err.Error(), "link.data, which is missing") || !strings.HasSuffix(err.Error(), "a link to nowhere") {
			t.Error(err)
		}
	}
	many := &Graph{}
	for i := range 100 {
		many.External = append(many.External, ExternalFile{fmt.Sprint(i), 1})
	}
	if err := many.CheckWeights(file); err == nil || strings.Count(err.Error(), "\n") != 3 || !strings.Contains(err.Error(), "more files with weights: 97") {
		t.Error(err)
	}
	large := &Graph{Size: math.MaxInt32 + 1}
	if err := large.CheckWeights(file); err == nil || !strings.Contains(err.Error(), file+" has 2147483648 bytes") || !strings.Contains(err.Error(), "external data") {
		t.Error(err)
	}
	if err := (&Graph{Size: math.MaxInt32}).CheckWeights(file); err != nil {
		t.Error(err)
	}
}

// parts is a graph with weights in files that an initializer, a Constant, both branches of an
// If, a function and a sparse initializer name.
func parts(t *testing.T) (*Graph, []byte, fs.FS) {
	t.Helper()
	folder := os.DirFS(filepath.Join(testdata, "external_parts"))
	data, err := fs.ReadFile(folder, "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	g, err := Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	return g, data, folder
}

// TestExternal: files with weights are found wherever a tensor names them, with where the last
// of their tensors ends: by its length, or by its shape and type.
func TestExternal(t *testing.T) {
	g, _, _ := parts(t)
	want := []ExternalFile{{"deep/constant.bin", 20}, {"else.bin", 4}, {"function.bin", 12}, {"initializer.bin", 100}, {"sparse.bin", 4}, {"then.bin", 4}}
	if !slices.Equal(g.External, want) {
		t.Errorf("got %v, want %v", g.External, want)
	}
	for _, c := range []struct {
		kind   ElementType
		shape  []int64
		at     external
		wanted int64
	}{
		{Float, []int64{3, 2}, external{offset: 8}, 32},
		{Float, []int64{3, 2}, external{offset: 8, length: 40}, 48},
		{Int4, []int64{5}, external{offset: 1}, 4},
		{Float8E4M3FN, []int64{5}, external{}, 5},
		{Float, nil, external{}, 4},
		{Float, []int64{0, 7}, external{offset: 16}, 16},
		{String, []int64{3}, external{offset: 16}, 16},
		{Float, []int64{1 << 40, 1 << 30}, external{}, 0},
		{Float, []int64{1}, external{offset: math.MaxInt64}, math.MaxInt64},
	} {
		m := &reader{files: map[string]int64{}}
		if m.outside(c.at, &Tensor{Type: c.kind, Shape: c.shape}); m.files[""] != c.wanted {
			t.Errorf("%s%d, %v: %d bytes, want %d", c.kind, c.shape, c.at, m.files[""], c.wanted)
		}
	}
}

// TestEmbed: a graph that holds its weights says the same as one with weights beside it.
func TestEmbed(t *testing.T) {
	g, data, folder := parts(t)
	all, err := g.Embed(data, folder)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(bytes.NewReader(all), int64(len(all)))
	if err != nil || len(got.External) != 0 {
		t.Fatalf("%v, external data %v", err, got.External)
	}
	for name, want := range map[string][]float64{"weight": {8, 0, 0, 0, 8, 0, 0, 0, 8}} {
		if c := got.Body.Constants[name]; c == nil || !slices.Equal(c.Numbers, want) {
			t.Errorf("%s is %v, want %v", name, c, want)
		}
	}
	for _, tensor := range []string{"\x08\x03\x10\x01\x42\x04bias\x4a\x0c\x00\x00\x00\x3f", "\x00\x00\x80\x3f\x00\x00\x00\x40\x00\x00\x40\x40"} {
		if !bytes.Contains(all, []byte(tensor)) {
			t.Errorf("%q is not in it", tensor)
		}
	}
	if got.Nodes != g.Nodes || !slices.EqualFunc(got.Outputs, g.Outputs, func(a, b Value) bool { return a.String() == b.String() && a.Op == b.Op }) {
		t.Errorf("got %+v, want %+v", got, g)
	}
	if same, err := got.Embed(all, fstest.MapFS{}); err != nil || !bytes.Equal(same, all) {
		t.Errorf("without external data: %d bytes of %d, %v", len(same), len(all), err)
	}
	if _, err := g.Embed(data, fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "deep/constant.bin, which is missing") {
		t.Errorf("without files: %v", err)
	}
	large := &Graph{External: []ExternalFile{{"w", 1}}}
	if _, err := large.Embed(nil, hugeFile{}); err == nil || !strings.Contains(err.Error(), "2147483647") {
		t.Errorf("too much: %v", err)
	}
}

// hugeFile is a folder with a file of 2 GiB, which can't be read but for its beginning.
type hugeFile struct{}

func (hugeFile) Open(name string) (fs.File, error) {
	f, err := fstest.MapFS{name: {Data: make([]byte, 64)}}.Open(name)
	return huge{f}, err
}

type huge struct{ fs.File }

func (h huge) Stat() (fs.FileInfo, error) {
	info, err := h.File.Stat()
	return hugeInfo{info}, err
}

type hugeInfo struct{ fs.FileInfo }

func (hugeInfo) Size() int64 { return 2 << 30 }
