package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ortho/runner/npz"
)

// TestSingleItems: compare, bench run and preprocess take graphs without a dimension for several
// images, by images, arrays and synthetic values.
func TestSingleItems(t *testing.T) {
	const heads = "../../models/classify/testdata/heads/"
	for _, model := range []string{"input-without-batch", "input-channels-last-without-batch"} {
		read := []string{"-m", heads + model + ".onnx", "--input-range", "0,1"}
		tensor := filepath.Join(t.TempDir(), "x.npy")
		if code, _, stderr := execute(t, "", append([]string{"preprocess", heads + "image.png", "-o", tensor}, read...)...); code != exitOK {
			t.Fatal(stderr)
		}
		one, err := npz.ReadFile(tensor)
		if err != nil || len(one[0].Shape) != 3 {
			t.Fatalf("%v, %v", one, err)
		}
		rows := one[0]
		rows.Name, rows.Shape, rows.Data = "x", append([]int64{2}, rows.Shape...), append(rows.Data[:len(rows.Data):len(rows.Data)], rows.Data...)
		two := filepath.Join(t.TempDir(), "two.npz")
		if err := npz.WriteFile(two, []npz.Array{rows}); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			input string
			rows  int
		}{{"", 2}, {tensor, 1}, {two, 2}, {"synthetic", 1}} {
			args := append(read[:len(read):len(read)], "--providers", "cpu,cpu")
			if c.input == "" {
				args = append(args, heads+"image.png", heads+"../given/image.png")
			} else {
				args = append(args, "--input", c.input)
			}
			code, found, stderr := comparing(t, args...)
			if code != exitOK || found.Candidates[0].Outputs[0].Rows != c.rows {
				t.Errorf("%s, compare %s: exit %d: %s%+v", model, c.input, code, stderr, found)
			}
			if c.input == "" {
				c.input = heads + "image.png"
			}
			code, stdout, stderr := benchRun(t, append(read[:len(read):len(read)], "--input", c.input, "--iterations", "2", "--rounds", "2", "--threads", "1", "--concurrency", "1")...)
			if code != exitOK || !strings.Contains(stdout, "batch=1") || !strings.Contains(stdout, "All outputs are equal to the reference's.") {
				t.Errorf("%s, bench run %s: exit %d: %s%s", model, c.input, code, stdout, stderr)
			}
		}
	}
}
