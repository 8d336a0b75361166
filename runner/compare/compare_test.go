package compare

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"ortho/runner/equality"
	"ortho/runner/feed"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

// TestMain makes the test binary a side's process where its environment asks for that, also
// ones that break.
func TestMain(m *testing.M) {
	mode := os.Getenv("COMPARE_SIDE")
	if mode == "" {
		os.Exit(m.Run())
	}
	if mode == "serve" {
		if err := Serve(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	lines := bufio.NewScanner(os.Stdin)
	lines.Scan()
	fmt.Println(`{"value":{}}`) // opened
	lines.Scan()
	switch mode {
	case "crash":
		fmt.Fprintln(os.Stderr, "double free or corruption")
		os.Exit(134)
	case "short": // fewer runs than were asked for
		var r request
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			os.Exit(1)
		}
		os.WriteFile(r.Run.Outputs, []byte("PK\x05\x06"+strings.Repeat("\x00", 18)), 0o600)
		fmt.Println(`{"value":{"errors":[]}}`)
	case "no file":
		fmt.Println(`{"value":{"errors":[""]}}`)
	case "hang":
		time.Sleep(time.Hour)
	}
	lines.Scan()
	os.Exit(0)
}

func command(t *testing.T, mode string) func() *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return func() *exec.Cmd {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "COMPARE_SIDE="+mode)
		return cmd
	}
}

func side(t *testing.T, model string) Side {
	t.Helper()
	path := "../../models/testdata/" + model + "/model.onnx"
	g, err := onnx.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return Side{Name: model, Model: path, Graph: g}
}

// contest compares models on synthetic rows, as many at once as there is room for.
func contest(t *testing.T, ctx context.Context, mode string, batch, rows int, dims map[string]int64, models ...string) (*Comparison, error) {
	t.Helper()
	var sides []Side
	var sets []*feed.Set
	for _, m := range models {
		sides = append(sides, side(t, m))
	}
	set, err := feed.Synthetic(sides[0].Graph, dims, rows, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sides {
		own, _, err := InputsOf(set, s.Graph)
		if err != nil {
			t.Fatal(err)
		}
		sets = append(sets, own)
	}
	folder := t.TempDir()
	c, err := Open(ctx, &Plan{Sides: sides, Batch: batch, Tolerances: make([]equality.Tolerance, len(models)-1)}, command(t, mode), folder)
	if err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		c.Close()
		if left, _ := os.ReadDir(folder); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
	for first := 0; first < max(1, set.Rows); {
		n := min(c.Room(1), set.Rows-first)
		chunk := Chunk{Names: []string{"all"}, Sets: sets}
		if set.Rows > 0 {
			chunk = Chunk{}
			for i := range n {
				chunk.Names = append(chunk.Names, fmt.Sprint(first+i))
			}
			for _, s := range sets {
				cut := *s
				if cut.Arrays, err = s.Slice(first, n); err != nil {
					t.Fatal(err)
				}
				cut.Rows = n
				chunk.Sets = append(chunk.Sets, &cut)
			}
		}
		if err := c.Add(ctx, chunk); err != nil {
			return c, err
		}
		first += max(1, n)
	}
	return c, nil
}

func needLibrary(t *testing.T) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
}

func TestEqual(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct {
		model       string
		batch, rows int
		dims        map[string]int64
		outputs     int
	}{
		{"float32_nchw", 1, 5, nil, 1}, {"float32_nchw", 4, 70, nil, 1}, {"batch4", 4, 8, nil, 1}, {"scalars", 1, 3, nil, 2}, {"scalars", 2, 3, nil, 2},
		{"types_unsaid", 1, 70, nil, 11}, {"types_in", 3, 7, nil, 11}, {"embedding", 2, 5, nil, 2}, {"empty_out", 1, 2, nil, 1}, {"scalar_types", 1, 1, nil, 2},
		{"tokens", 2, 3, map[string]int64{"sequence length": 5}, 1}, {"float16_out", 1, 3, map[string]int64{"width": 2}, 1},
		{"bfloat16_out", 2, 5, nil, 1}, {"masked", 1, 2, nil, 1}, {"named_class", 2, 5, nil, 1}, {"scalar_unsaid", 1, 2, nil, 1},
		{"two_batches", 2, 4, nil, 1}, {"two_batches", 2, 4, map[string]int64{"text_batch": 3}, 1}, {"past", 2, 3, map[string]int64{"past_length": 0, "length": 2}, 1},
	} {
		found, err := contest(t, t.Context(), "serve", c.batch, c.rows, c.dims, c.model, c.model)
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		r := found.Results(Thresholds{})[0]
		if !r.Equal || r.Rows != c.rows || len(r.Outputs) != c.outputs || r.FailedAlone > 0 {
			t.Errorf("%s, batch %d: %+v", c.model, c.batch, r)
		}
		for _, o := range r.Outputs {
			if !o.Exact || o.Rows != c.rows && o.Rows != (c.rows+c.batch-1)/c.batch {
				t.Errorf("%s, batch %d: %+v", c.model, c.batch, o)
			}
		}
		if n, all := found.Failed(); n > 0 || len(all) > 0 {
			t.Errorf("%s: failed: %v", c.model, all)
		}
		if o := found.Opened(1); o.Provider != "cpu" || o.Version == "" || o.Path == "" {
			t.Errorf("%s: %+v", c.model, o)
		}
	}
}

// TestNothingToCompare: NaN on both sides is no equality, and the reference is not to blame.
func TestNothingToCompare(t *testing.T) {
	needLibrary(t)
	c, err := contest(t, t.Context(), "serve", 1, 2, nil, "nan", "nan")
	if err != nil {
		t.Fatal(err)
	}
	if _, checked, err := c.CheckRepeat(t.Context()); checked || err != nil {
		t.Errorf("checked %t, %v", checked, err)
	}
	for _, limits := range []Thresholds{{}, {MaxAbs: new(1e9)}} {
		if r := c.Results(limits)[0]; r.Equal || !strings.Contains(r.Reason, "every element is NaN on both sides") {
			t.Errorf("%v: %+v", limits, r)
		}
	}
}

// TestRepeats: where outputs differ, the reference is compared with itself.
func TestRepeats(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct {
		models           [2]string
		repeats, checked bool
		reason           string
	}{
		{[2]string{"random", "random"}, false, true, "the reference does not repeat itself, so that differences say nothing: run twice on the same input, its output y is another one"},
		{[2]string{"float32_nchw", "sigmoid"}, true, true, "output logits: 4 of 4 rows differ"},
		{[2]string{"float32_nchw", "float32_nchw"}, false, false, ""},
	} {
		found, err := contest(t, t.Context(), "serve", 2, 4, nil, c.models[0], c.models[1])
		if err != nil {
			t.Fatal(err)
		}
		repeats, checked, err := found.CheckRepeat(t.Context())
		if err != nil || repeats != c.repeats || checked != c.checked {
			t.Errorf("%v: repeats %t, checked %t, %v", c.models, repeats, checked, err)
		}
		if r := found.Results(Thresholds{})[0]; !strings.HasPrefix(r.Reason, c.reason) || r.Equal != (c.reason == "") {
			t.Errorf("%v: %+v", c.models, r)
		}
	}
}

func TestDiffers(t *testing.T) {
	needLibrary(t)
	c, err := contest(t, t.Context(), "serve", 1, 70, nil, "float32_nchw", "sigmoid", "float32_nchw")
	if err != nil {
		t.Fatal(err)
	}
	r := c.Results(Thresholds{})
	if r[0].Equal || r[0].Reason == "" || len(r[0].Outputs[0].First) == 0 || r[0].Outputs[0].Inputs[0] != "0" || r[0].Notice == "" {
		t.Errorf("%+v", r[0])
	}
	if !r[1].Equal {
		t.Errorf("%+v", r[1])
	}
	limit := func(v float64) *float64 { return &v }
	for _, l := range []struct {
		t     Thresholds
		equal bool
	}{
		{Thresholds{MaxAbs: limit(10)}, true}, {Thresholds{MaxAbs: limit(0.1)}, false}, {Thresholds{MinTop1: limit(1)}, true},
		{Thresholds{MinTop1: limit(1), MinCosine: limit(0.9999)}, false}, {Thresholds{MinSQNR: limit(-100)}, true}, {Thresholds{MinSQNR: limit(60)}, false},
		{Thresholds{MaxRel: limit(1e9)}, true}, {Thresholds{MaxRel: limit(1e-9)}, false},
	} {
		got := c.Results(l.t)
		if got[0].Equal != l.equal || !got[1].Equal || l.t.String() == "" {
			t.Errorf("%s: %+v", l.t, got)
		}
	}
}

// TestImageThresholds: those of images are not for other outputs, which keep the tolerance.
func TestImageThresholds(t *testing.T) {
	v := func(v float64) *float64 { return &v }
	image := equality.Output{Rows: 1, Image: true, MaxAbs: v(0.1), PSNR: v(30), SSIM: &equality.SSIM{Mean: 0.9, Worst: 0.5}}
	same := equality.Output{Rows: 1, Image: true, MaxAbs: v(0), SSIM: &equality.SSIM{Mean: 1, Worst: 1}} // without a PSNR
	flat := equality.Output{Rows: 1, Image: true, MaxAbs: v(0.1), PSNR: v(30)}
	for _, c := range []struct {
		limits Thresholds
		o      equality.Output
		within bool
	}{
		{Thresholds{MinPSNR: v(29)}, image, true}, {Thresholds{MinPSNR: v(31)}, image, false}, {Thresholds{MinPSNR: v(99)}, same, true},
		{Thresholds{MinSSIM: v(0.9)}, image, true}, {Thresholds{MinSSIM: v(0.91)}, image, false}, {Thresholds{MinSSIM: v(1)}, same, true},
		{Thresholds{MinSSIM: v(0.5)}, flat, false}, {Thresholds{MinSSIM: v(0.5), MinPSNR: v(31)}, image, false},
		{Thresholds{MinSSIM: v(0), MinPSNR: v(0)}, equality.Output{Rows: 1, MaxAbs: v(0.1), Reason: "the tolerance"}, false},
	} {
		o := c.o
		c.limits.decide(&o)
		if o.Within != c.within || (o.Reason == "") != c.within {
			t.Errorf("%s: %+v", c.limits, o)
		}
	}
}

// TestFailures: inputs that sides can't run.
func TestFailures(t *testing.T) {
	needLibrary(t)
	c, err := contest(t, t.Context(), "serve", 2, 5, nil, "batch2_unsaid", "batch2_unsaid")
	if err != nil {
		t.Fatal(err)
	}
	n, all := c.Failed()
	if r := c.Results(Thresholds{})[0]; !r.Equal || r.Rows != 4 || n != 1 || len(all) != 2 || all[0].Input != "4" || !strings.Contains(all[0].Error, "MatMul") {
		t.Errorf("both: %d, %v; %+v", n, all, r)
	}
	c, err = contest(t, t.Context(), "serve", 2, 5, nil, "float32_nchw", "batch2_unsaid")
	if err != nil {
		t.Fatal(err)
	}
	n, all = c.Failed()
	if r := c.Results(Thresholds{})[0]; r.Equal || r.FailedAlone != 1 || n != 0 || len(all) != 1 || !strings.Contains(r.Reason, "one side only") {
		t.Errorf("one: %d, %v; %+v", n, all, r)
	}
	if _, err = contest(t, t.Context(), "serve", 1, 2, nil, "sequence_out", "sequence_out"); err == nil || !strings.Contains(err.Error(), "no output that can be compared") {
		t.Errorf("no tensors: %v", err)
	}
}

func TestBrokenSide(t *testing.T) {
	for mode, want := range map[string]string{"crash": "exit status 134: double free", "short": "0 runs where 1", "no file": "take over outputs"} {
		_, err := contest(t, t.Context(), mode, 1, 2, nil, "float32_nchw", "float32_nchw")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "float32_nchw") {
			t.Errorf("%s: %v, want %q", mode, err, want)
		}
	}
	needLibrary(t)
	missing := side(t, "float32_nchw")
	missing.Model = "missing.onnx"
	if _, err := Open(t.Context(), &Plan{Sides: []Side{side(t, "float32_nchw"), missing}, Batch: 1, Tolerances: make([]equality.Tolerance, 1)}, command(t, "serve"), t.TempDir()); err == nil || !strings.Contains(err.Error(), "missing.onnx") {
		t.Errorf("a model that is not there: %v", err)
	}
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	if _, err := contest(t, ctx, "hang", 1, 2, nil, "float32_nchw", "float32_nchw"); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestPairOutputs(t *testing.T) {
	value := func(name string, dims ...int64) onnx.Value {
		v := onnx.Value{Name: name, Kind: "tensor", Type: onnx.Float, Ranked: len(dims) > 0}
		for _, d := range dims {
			v.Dims = append(v.Dims, onnx.Dim{Size: d})
		}
		return v
	}
	type values = []onnx.Value
	for _, c := range []struct {
		want, got     values
		pairs, notice string
		err           string
	}{
		{values{value("a", -1, 3), value("b")}, values{value("b"), value("a", -1, 3)}, "map[a:a b:b]", "", ""},
		{values{value("a", 1, 3)}, values{value("x", -1, 3)}, "map[x:a]", "by position", ""},
		{values{value("a"), value("b")}, values{value("y"), value("a")}, "map[a:a y:b]", "by position", ""},
		{values{value("a")}, values{value("a"), value("extra")}, "map[a:a]", "not compared", ""},
		{values{value("a"), value("b")}, values{value("a")}, "", "", `no output "b"`},
		{values{value("a")}, values{value("x"), value("y")}, "", "", `no output "a"`},
		{values{value("a", -1, 1000)}, values{value("a", -1, 10)}, "", "", "can't be compared"},
		{values{value("a", -1, 1000)}, values{value("x", -1, 10)}, "", "", "can't be compared"},
		{values{value("a", -1, 3)}, values{value("a", -1, 3, 1, 1)}, "", "", "can't be compared"},
		{values{value("a")}, values{{Name: "a", Kind: "sequence"}}, "", "", "can't be compared"},
	} {
		pairs, notice, err := pairOutputs(c.want, c.got)
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%v, %v: %v, want %q", c.want, c.got, err, c.err)
			}
			continue
		}
		if err != nil || fmt.Sprint(pairs) != c.pairs || (notice == "") != (c.notice == "") || !strings.Contains(notice, c.notice) {
			t.Errorf("%v, %v: %v, %q, %v", c.want, c.got, pairs, notice, err)
		}
	}
}

func TestInputsOf(t *testing.T) {
	set, err := feed.Synthetic(side(t, "float32_nchw").Graph, nil, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	own, notice, err := InputsOf(set, side(t, "float16_nchw").Graph)
	if err != nil || notice == "" || own.Rows != 3 || own.Arrays[0].Type != onnx.Float16 || own.Arrays[0].Name != "pixels" || len(own.Arrays[0].Data) != len(set.Arrays[0].Data)/2 {
		t.Errorf("%+v, %q, %v", own, notice, err)
	}
	for model, want := range map[string]string{"two_images": "the graph's inputs are", "int8_nchw": "int8 elements", "not_an_image": "4 dimensions, not 2"} {
		if _, _, err := InputsOf(set, side(t, model).Graph); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", model, err, want)
		}
	}
}

func FuzzServe(f *testing.F) {
	f.Add([]byte(`{"open":{"model":"missing.onnx"}}` + "\n" + `{"run":{}}` + "\n"))
	f.Add([]byte(`{"run":{"inputs":"x","rows":-1,"batch":0}}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		if strings.Contains(string(in), `"open"`) && strings.Contains(string(in), ".onnx") && !strings.Contains(string(in), "missing.onnx") {
			t.Skip("no models")
		}
		if err := Serve(t.Context(), strings.NewReader(string(in)), &strings.Builder{}); err != nil {
			t.Fatal(err)
		}
	})
}
