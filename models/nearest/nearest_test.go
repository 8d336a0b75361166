package nearest

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// sequence is that of scripts/goldens/nearest.py.
func sequence(rows, width int) [][]float32 {
	all := make([][]float32, rows)
	for i := range all {
		all[i] = make([]float32, width)
		for j := range all[i] {
			v := float32(float64(uint32(uint64(i*width+j)*2654435761))/(1<<31) - 1)
			all[i][j] = v * v * v
		}
	}
	return all
}

func indexOf(t testing.TB, rows [][]float32) *Index {
	t.Helper()
	x := &Index{}
	for i, row := range rows {
		if err := x.Add(strconv.Itoa(i), row); err != nil {
			t.Fatal(err)
		}
	}
	return x
}

// TestLikeNumPy: the nearest, in their order, with their cosines.
func TestLikeNumPy(t *testing.T) {
	data, err := os.ReadFile("testdata/nearest.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows [][2]json.RawMessage
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	all := sequence(2000+len(rows), 64)
	x := indexOf(t, all[:2000])
	for i, row := range rows {
		var places []int
		var cosines []float64
		if json.Unmarshal(row[0], &places) != nil || json.Unmarshal(row[1], &cosines) != nil {
			t.Fatalf("row %s", row)
		}
		got, err := x.Search(all[2000+i], len(places))
		if err != nil {
			t.Fatal(err)
		}
		for j, m := range got {
			if m.Place != places[j] || math.Abs(float64(m.Cosine)-cosines[j]) > 1e-6 {
				t.Errorf("query %d, %d: %+v, NumPy has %d, %v", i, j, m, places[j], cosines[j])
			}
		}
	}
}

func TestIndex(t *testing.T) {
	x := indexOf(t, [][]float32{{3, 4}, {-1, 0}, {6, 8}})
	got, err := x.Search([]float32{1, 1}, 5)
	if err != nil || len(got) != 3 || got[0].Place != 0 || got[1].Place != 2 || got[2].Place != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	var pairs [][2]int
	x.Pairs(0.9, func(a, b int, _ float32) bool {
		pairs = append(pairs, [2]int{a, b})
		return true
	})
	if !slices.Equal(pairs, [][2]int{{0, 2}}) {
		t.Errorf("%v", pairs)
	}
	for _, bad := range [][]float32{{1}, {0, 0}, {float32(math.NaN()), 1}} {
		if _, err := x.Search(bad, 1); err == nil {
			t.Errorf("%v is searched", bad)
		}
	}
	if err := (&Index{}).Add("a", nil); err == nil {
		t.Error("an embedding of nothing")
	}
	var b bytes.Buffer
	x.Names[1] = "\xff\n"
	if err := x.Write(&b, "rows"); err != nil {
		t.Fatal(err)
	}
	again, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "rows")
	if err != nil || !slices.Equal(again.Names, x.Names) || !slices.Equal(again.Vectors, x.Vectors) || again.Width != 2 {
		t.Errorf("%+v, %v", again, err)
	}
	if _, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()), "others"); !errors.Is(err, ErrOther) {
		t.Errorf("%v", err)
	}
	for n := range b.Len() {
		if _, err := Read(bytes.NewReader(b.Bytes()[:n]), int64(n), "rows"); err == nil {
			t.Errorf("%d bytes of %d are read", n, b.Len())
		}
		damaged := bytes.Clone(b.Bytes())
		damaged[n] ^= 1 << (n % 8)
		if _, err := Read(bytes.NewReader(damaged), int64(len(damaged)), "rows"); err == nil {
			t.Errorf("byte %d is another, and that is not found", n)
		}
	}
	if _, err := Read(bytes.NewReader(append(b.Bytes(), 0)), int64(b.Len()+1), "rows"); err == nil {
		t.Error("a byte behind the end is not found")
	}
	if _, err := Read(strings.NewReader("mine\n"), 5, "rows"); !errors.Is(err, ErrForeign) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if err := indexOf(f, [][]float32{{3, 4}, {-1, 0}}).Write(&b, "x"); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Fuzz(func(t *testing.T, file []byte) {
		x, err := Read(bytes.NewReader(file), int64(len(file)), "x")
		if err == nil && (len(x.Names)*x.Width != len(x.Vectors) || 4*len(x.Vectors) > len(file)) {
			t.Errorf("%d names, %d numbers of %d bytes", len(x.Names), len(x.Vectors), len(file))
		}
	})
}

func BenchmarkSearch(b *testing.B) {
	const rows, width = 100_000, 512
	x := &Index{Width: width, Names: make([]string, rows), Vectors: make([]float32, rows*width)}
	for i := range x.Vectors {
		x.Vectors[i] = float32(uint32(i)*2654435761%1000)/1000 - 0.5
	}
	query := slices.Clone(x.At(77))
	for b.Loop() {
		if _, err := x.Search(query, 10); err != nil {
			b.Fatal(err)
		}
	}
}
