package noise

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"
)

// TestBrownian holds increments to torchsde's. They differ by the last bits of normal numbers, and
// of the differences that a bridge is.
func TestBrownian(t *testing.T) {
	data, err := os.ReadFile("testdata/brownian.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Seed       string
		Start, End float64
		Increments []struct {
			From, To float64
			Values   []float32
		}
	}
	if err := json.Unmarshal(data, &cases); err != nil || len(cases) == 0 {
		t.Fatalf("%d cases, %v", len(cases), err)
	}
	for _, c := range cases {
		seed, err := strconv.ParseUint(c.Seed, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		b := NewBrownian(seed, c.Start, c.End)
		whole := math.Sqrt(c.End - c.Start)
		for _, want := range c.Increments {
			got := make([]float32, len(want.Values))
			b.Increment(got, want.From, want.To)
			for i, v := range want.Values {
				if d := math.Abs(float64(got[i] - v)); !(d <= 2e-6*whole) {
					t.Errorf("seed %s, from %v to %v: %v, torchsde's %v", c.Seed, want.From, want.To, got, want.Values)
					break
				}
			}
		}
	}
}
