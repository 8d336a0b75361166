package bench

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"ortho/runner/library"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

func foundLibrary(t *testing.T) library.Found {
	t.Helper()
	found, err := library.FindFor("", []string{"cpu"})
	if errors.Is(err, library.ErrNotFound) {
		t.Skip(err)
	} else if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestCells(t *testing.T) {
	path := foundLibrary(t).Path
	plan := Plan{Providers: []string{"cpu"}, Threads: []int{1, 2}, Batch: []int{1, 4}, Concurrency: []int{3}}
	cells, err := Cells(path, plan, 4)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cells {
		got = append(got, fmt.Sprintf("%d/%d/%d %s", c.Threads, c.Batch, c.Concurrency, c.Status))
		if c.Library.Path != path || c.Status == StatusRuledOut && c.Reason != "the graph takes batches of exactly 4" {
			t.Errorf("%+v", c)
		}
	}
	if got := strings.Join(got, ", "); got != "1/1/3 ruled_out, 1/4/3 ok, 2/1/3 ruled_out, 2/4/3 ok" {
		t.Errorf("cells %s", got)
	}

	// Where a library is missing, one cell reports it.
	t.Setenv("ORTHO_DATA_DIR", t.TempDir())
	missing, err := Cells(path+".none", plan, 0)
	if err != nil || len(missing) != 1 || missing[0].Status != StatusFailed || missing[0].Reason == "" {
		t.Errorf("%v, %+v", err, missing)
	}
}

func TestCellsRefuse(t *testing.T) {
	many := make([]int, 600)
	for want, plan := range map[string]Plan{
		"unknown execution provider": {Providers: []string{"gpu"}},
		"provider cuda is none":      {Providers: []string{"cpu"}, ProviderOptions: []string{"cuda.device_id=0"}},
		"600 cells are too many":     {Providers: []string{"cpu"}, Threads: many, Batch: []int{1}, Concurrency: []int{1}},
	} {
		path := ""
		if strings.Contains(want, "many") {
			path = foundLibrary(t).Path
		}
		if cells, err := Cells(path, plan, 0); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d cells, %v; want %s", len(cells), err, want)
		}
	}
	var unused UnusedOption
	if _, err := Cells("", Plan{Providers: []string{"cpu"}, ProviderOptions: []string{"cuda.a=b"}}, 0); !errors.As(err, &unused) || unused.Option != "cuda.a=b" || unused.Provider != "cuda" {
		t.Errorf("%+v", unused)
	}
}

func TestProvidersOf(t *testing.T) {
	if got := strings.Join(providersOf([]string{"cuda+cpu", "cpu", "openvino"}), " "); got != "cuda cpu openvino" {
		t.Errorf("providers %s", got)
	}
}

func TestRowsOf(t *testing.T) {
	array := func(shape ...int64) npz.Array { return npz.Array{Name: "x", Type: onnx.Float, Shape: shape} }
	for want, arrays := range map[int][]npz.Array{
		1: {array(7), array(1, 3)},
		2: {array(2, 4, 8, 8), array(1), array()},
	} {
		if got := rowsOf(arrays); got != want {
			t.Errorf("%v: %d rows, want %d", arrays, got, want)
		}
	}
}
