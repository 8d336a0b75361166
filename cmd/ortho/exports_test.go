package main

import (
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const exports = testModels + "/exports"

// exported is what Python made of the photograph with an exported model.
type exported struct {
	Shape         []int
	Mean          float64
	Step          int // Samples are every Step-th element of the tensor
	Samples       []float64
	Probabilities []float64
}

// What the files of an export leave open, and the flags that give it: size or not.
var (
	normalisation = []string{"does not say how its pixels are normalised: give --mean and --std"}
	sizeAsWell    = []string{"does not say what size of image it takes, nor how its pixels are normalised: give --input-size; --mean and --std"}
	asTorchvision = []string{"--preset", "torchvision", "--input-size", "64", "--resize", "73"}
	asKeras       = []string{"--preset", "keras-tf", "--input-size", "64"}
	rescaled      = []string{"as the graph begins with Mul and so seems to scale them itself: ortho classify", "--preset keras-raw photo.jpg"}
)

// lacking are the exports whose files don't say everything: what is said of them, and the
// flags under which Python's answer was recorded. All others need no flag.
var lacking = map[string]struct{ says, flags []string }{
	"torch-torchscript-plain":   {normalisation, asTorchvision},
	"torch-torchscript-batch":   {normalisation, asTorchvision},
	"torch-torchscript-size":    {sizeAsWell, asTorchvision},
	"torch-torchscript-unnamed": {sizeAsWell, asTorchvision},
	"torch-dynamo-plain":        {normalisation, asTorchvision},
	"torch-dynamo-batch":        {normalisation, asTorchvision},
	"torch-dynamo-size":         {sizeAsWell, asTorchvision},
	"torch-dynamo-named":        {sizeAsWell, asTorchvision},
	"timm-bare":                 {normalisation, []string{"--mean", "0.5", "--std", "0.5", "--crop-pct", "0.9", "--interpolation", "bicubic"}},
	"keras-fixed":               {normalisation, asKeras},
	"keras-rescaled":            {rescaled, []string{"--preset", "keras-raw"}},
	"keras-size":                {sizeAsWell, asKeras},
	"tf2onnx-fixed":             {normalisation, asKeras},
	"tf2onnx-size":              {sizeAsWell, asKeras},
	"tf2onnx-nchw":              {sizeAsWell, asKeras},
	"skl2onnx-plain":            {[]string{"takes no images", "float_input float32[?,64]", "rows of 64 numbers, as scikit-learn's models do"}, nil},
	"skl2onnx-zipmap":           {[]string{"takes no images", "rows of 64 numbers"}, nil},
}

// TestExports classifies by what exporters write today. An export works without a flag, and
// gives Python's tensor and probabilities; or all that no file says is named in one message,
// whose example works.
func TestExports(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(exports, "goldens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var goldens map[string]exported
	if err := json.Unmarshal(data, &goldens); err != nil {
		t.Fatal(err)
	}
	folders, err := filepath.Glob(filepath.Join(exports, "*", "model.onnx"))
	if err != nil || len(folders) < 40 {
		t.Fatalf("%d exports, %v", len(folders), err)
	}
	for _, file := range folders {
		folder := filepath.Dir(file)
		name := filepath.Base(folder)
		t.Run(name, func(t *testing.T) {
			lacks, ok := lacking[name]
			if ok {
				lacksAtOnce(t, folder, lacks.says)
			}
			if golden, ok := goldens[name]; ok {
				sameAsPython(t, folder, lacks.flags, golden)
			} else if !strings.HasPrefix(name, "skl2onnx") {
				t.Error("no golden")
			}
		})
	}
}

// lacksAtOnce runs an export without a flag, and then as the message has it.
func lacksAtOnce(t *testing.T, folder string, says []string) {
	t.Helper()
	code, stdout, stderr := ortho(t, "classify", "-m", folder, cat)
	if code != exitFailed || stdout != "" {
		t.Fatalf("exit %d, %s%s", code, stdout, stderr)
	}
	for _, s := range says {
		if !strings.Contains(stderr, s) {
			t.Errorf("%s\nlacks %q", stderr, s)
		}
	}
	_, example, ok := strings.Cut(stderr, ": ortho classify -m ")
	if !ok {
		if !strings.Contains(stderr, "takes no images") {
			t.Errorf("no example in\n%s", stderr)
		}
		return
	}
	line, rest, _ := strings.Cut(example, "\n")
	args := append([]string{"classify", "-m"}, strings.Fields(strings.Replace(line, "photo.jpg", cat, 1))...)
	if code, _, stderr := ortho(t, args...); code != exitOK {
		t.Errorf("ortho %q, which a message shows: exit %d, %s", args, code, stderr)
	}
	if _, sidecar, _ := strings.Cut(strings.SplitN(rest, "\n", 2)[0], ": "); !json.Valid([]byte(sidecar)) {
		t.Errorf("ortho.json %s", sidecar)
	}
}

func sameAsPython(t *testing.T, folder string, flags []string, golden exported) {
	t.Helper()
	args := func(command string, more ...string) []string {
		return append(append([]string{command, "-m", folder, cat}, flags...), more...)
	}
	code, tensor, stderr := ortho(t, args("preprocess", "-o", "-")...)
	if code != exitOK {
		t.Fatalf("preprocess: exit %d, %s", code, stderr)
	}
	elements := 1
	for _, d := range golden.Shape {
		elements *= d
	}
	if len(tensor) < 4*elements {
		t.Fatalf("a tensor of %d bytes, want the shape %v", len(tensor), golden.Shape)
	}
	values := []byte(tensor[len(tensor)-4*elements:])
	at := func(i int) float64 { return float64(math.Float32frombits(binary.NativeEndian.Uint32(values[4*i:]))) }
	sum := 0.0
	for i := range elements {
		sum += at(i)
	}
	if mean := sum / float64(elements); math.Abs(mean-golden.Mean) > 1e-6 {
		t.Errorf("the tensor's mean is %v, want %v", mean, golden.Mean)
	}
	for i, want := range golden.Samples {
		if got := at(i * golden.Step); math.Abs(got-want) > 1e-6*(1+math.Abs(want)) {
			t.Fatalf("element %d of the tensor is %v, want %v", i*golden.Step, got, want)
		}
	}
	code, stdout, stderr := ortho(t, args("classify", "-f", "jsonl", "-k", "5")...)
	var row struct {
		Predictions []struct {
			Index       int
			Label       string
			Probability float64
		}
	}
	if code != exitOK || json.Unmarshal([]byte(stdout), &row) != nil || len(row.Predictions) != len(golden.Probabilities) {
		t.Fatalf("classify: exit %d, %s%s", code, stdout, stderr)
	}
	for _, p := range row.Predictions {
		if want := golden.Probabilities[p.Index]; math.Abs(p.Probability-want) > 1e-5 {
			t.Errorf("class %d has probability %v, want %v", p.Index, p.Probability, want)
		}
		if (p.Label != "") != fileExists(filepath.Join(folder, "preprocessor_config.json")) {
			t.Errorf("class %d is called %q", p.Index, p.Label)
		}
	}
}

func fileExists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestSizeThatDoesNotRun: where every image would fail the same way, the run ends at once.
func TestSizeThatDoesNotRun(t *testing.T) {
	code, stdout, stderr := ortho(t, "classify", "-m", exports+"/optimum-vit", "--input-size", "40", "--resize", "40", cat, cat, cat)
	if code != exitFailed || stdout != "" {
		t.Errorf("exit %d, %q", code, stdout)
	}
	for _, want := range []string{"config.json (image_size) says that optimum-vit was configured for 224x224", "optimum-vit does not run at 40x40", "--input-size"} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("%s\nlacks %q, or says it again", stderr, want)
		}
	}
}
