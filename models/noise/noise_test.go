package noise

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"ortho/runner/npz"
)

// TestEqualsTorch draws as scripts/goldens/noise.py did.
func TestEqualsTorch(t *testing.T) {
	arrays, err := npz.ReadFile("testdata/noise.npz")
	if err != nil || len(arrays) != 1 {
		t.Fatalf("%d arrays, %v", len(arrays), err)
	}
	var runs []struct {
		Seed  string
		Draws [][3]any
	}
	data, err := os.ReadFile("testdata/noise.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &runs); err != nil {
		t.Fatal(err)
	}
	values := arrays[0].Data
	normal, same, largest := 0, 0, 0.0
	for _, run := range runs {
		seed, err := strconv.ParseUint(run.Seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		g := New(seed)
		for i, draw := range run.Draws {
			function, n := draw[0].(string), int(draw[1].(float64))
			if function == "randint" {
				if got, want := g.Intn(n), int(draw[2].(float64)); got != want {
					t.Errorf("seed %d, draw %d: randint(%d) is %d, torch's %d", seed, i, n, got, want)
				}
				continue
			}
			got := make([]float32, n)
			tolerance := 0.0
			if function == "randn" {
				g.Normal(got)
				tolerance = 5e-7
			} else {
				g.Uniform(got)
			}
			for j, v := range got {
				want := math.Float32frombits(binary.LittleEndian.Uint32(values))
				values = values[4:]
				difference := math.Abs(float64(v) - float64(want))
				if !(difference <= tolerance) {
					t.Fatalf("seed %d, draw %d: value %d of %s(%d) is %v, torch's %v", seed, i, j, function, n, v, want)
				}
				if function == "randn" {
					largest = max(largest, difference)
					normal++
					if v == want {
						same++
					}
				}
			}
		}
	}
	if len(values) != 0 || normal < 25000 {
		t.Errorf("%d normal values, %d bytes are left", normal, len(values))
	}
	t.Logf("%d of %d normal values are torch's to the bit; the largest difference is %.2g", same, normal, largest)
}

// TestTwister is the first and the ten-thousandth number of the C++ standard's mt19937
// ([rand.predef]).
func TestTwister(t *testing.T) {
	var e twister
	e.seed(5489)
	v := e.next()
	if v != 3499211612 {
		t.Errorf("number 1 is %d", v)
	}
	for range 9999 {
		v = e.next()
	}
	if v != 4123659995 {
		t.Errorf("number 10000 is %d", v)
	}
}
