package bundled

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"ortho/models/text"
	"ortho/runner"
	"ortho/runner/onnx"
)

const (
	glyphLatents = 32
	glyphLength  = 16 // tokens
	glyphField   = 28
	glyphPixels  = glyphField * glyphField
)

var glyphDigits = strings.Fields("zero one two three four five six seven eight nine")

// glyphs draws digits with the bundled graph.
type glyphs struct {
	session    *runner.Session
	vocabulary *text.Vocabulary
}

func openGlyphs(t *testing.T) glyphs {
	t.Helper()
	folder, err := FS("glyphs")
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(folder, "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	words, err := folder.Open("vocabulary.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer words.Close()
	vocabulary, err := text.ReadVocabulary(words)
	if err != nil {
		t.Fatal(err)
	}
	return glyphs{session(t, data), vocabulary}
}

// draw returns a picture of each text, values 0-1.
func (g glyphs) draw(t *testing.T, texts []string, noise []float32) [][]float32 {
	t.Helper()
	n := int64(len(texts))
	ids, err := runner.NewTensor(onnx.Int64, []int64{n, glyphLength})
	if err != nil {
		t.Fatal(err)
	}
	defer ids.Close()
	for i, s := range texts {
		row := ids.Row(i)[:0]
		for _, id := range g.vocabulary.Encode(s, glyphLength).IDs {
			row = binary.NativeEndian.AppendUint64(row, uint64(id))
		}
	}
	z, err := runner.NewTensor(onnx.Float, []int64{n, glyphLatents})
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	copy(z.Float32s(), noise)
	outputs := []*runner.Tensor{nil}
	if err := g.session.Run(t.Context(), []*runner.Tensor{ids, z}, outputs); err != nil {
		t.Fatal(err)
	}
	defer outputs[0].Close()
	if want := []int64{n, 1, glyphField, glyphField}; !slices.Equal(outputs[0].Shape, want) {
		t.Fatalf("shape %v, want %v", outputs[0].Shape, want)
	}
	return slices.Collect(slices.Chunk(slices.Clone(outputs[0].Float32s()), glyphPixels))
}

func glyphNoise(random *rand.Rand, n int) []float32 {
	noise := make([]float32, n*glyphLatents)
	for i := range noise {
		noise[i] = float32(random.NormFloat64())
	}
	return noise
}

func readJSON(t *testing.T, path string, to any) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestGlyphsEqualPython: token ids and pictures of scripts/train_glyphs.py.
func TestGlyphsEqualPython(t *testing.T) {
	var cases []struct {
		Text     string
		InputIDs []int64 `json:"input_ids"`
		Z, Image []float32
	}
	readJSON(t, "testdata/glyphs.json", &cases)
	if len(cases) == 0 {
		t.Fatal("no goldens")
	}
	g := openGlyphs(t)
	for _, c := range cases {
		if got := g.vocabulary.Encode(c.Text, glyphLength).IDs; !slices.Equal(got, c.InputIDs) {
			t.Errorf("%q: ids %v, want %v", c.Text, got, c.InputIDs)
		}
		got := g.draw(t, []string{c.Text}, c.Z)[0]
		for i, want := range c.Image {
			if !(math.Abs(float64(got[i]-want)) <= 1e-4) {
				t.Errorf("%q: pixel %d is %v, want %v", c.Text, i, got[i], want)
				break
			}
		}
	}
}

// TestGlyphsAreRead: someone else's classifier reads generated digits as well as those of
// fonts that the model has not seen, drawn at 20-24 pixels.
func TestGlyphsAreRead(t *testing.T) {
	const worse = 0.03
	const path = "../../../shared/models/mnist.onnx"
	data, err := os.ReadFile(path)
	if err != nil {
		t.Skipf("needs shared/models/mnist.onnx beside the repository: %v", err)
	}
	var reference struct {
		Read  float64 `json:"read_of_real"`
		Texts []string
	}
	readJSON(t, "testdata/glyphs_reference.json", &reference)
	g, judge := openGlyphs(t), session(t, data)
	image, err := runner.NewTensor(onnx.Float, []int64{1, 1, glyphField, glyphField})
	if err != nil {
		t.Fatal(err)
	}
	defer image.Close()
	read := 0
	// Text i is of the digit i mod 10.
	for i, drawn := range g.draw(t, reference.Texts, glyphNoise(rand.New(rand.NewPCG(1, 1)), len(reference.Texts))) {
		for j, v := range drawn {
			image.Float32s()[j] = float32(math.RoundToEven(float64(v) * 255))
		}
		outputs := []*runner.Tensor{nil}
		if err := judge.Run(t.Context(), []*runner.Tensor{image}, outputs); err != nil {
			t.Fatal(err)
		}
		scores := outputs[0].Float32s()
		if slices.Index(scores, slices.Max(scores)) == i%10 {
			read++
		}
		outputs[0].Close()
	}
	share := float64(read) / float64(len(reference.Texts))
	t.Logf("read: %.3f of %d generated digits, %.3f of real ones", share, len(reference.Texts), reference.Read)
	if !(share >= reference.Read-worse) {
		t.Errorf("%.3f of the generated digits are read, %.3f of real ones", share, reference.Read)
	}
}

// TestGlyphsObeyWords: two pictures of the same digit and noise differ as one word says.
func TestGlyphsObeyWords(t *testing.T) {
	const pairs = 50 // of each digit
	g := openGlyphs(t)
	random := rand.New(rand.NewPCG(2, 2))
	for _, c := range []struct {
		more, less string
		measure    func([]float32) float64
	}{
		{"bold", "light", ink},
		{"slanted", "upright", shear},
	} {
		right := 0
		for _, digit := range glyphDigits {
			noise := glyphNoise(random, pairs)
			more := g.draw(t, slices.Repeat([]string{fmt.Sprintf("a %s %s", c.more, digit)}, pairs), noise)
			less := g.draw(t, slices.Repeat([]string{fmt.Sprintf("a %s %s", c.less, digit)}, pairs), noise)
			for i := range pairs {
				if c.measure(more[i]) > c.measure(less[i]) {
					right++
				}
			}
		}
		share := float64(right) / float64(pairs*len(glyphDigits))
		t.Logf("%s over %s: %.3f", c.more, c.less, share)
		if !(share >= 0.95) {
			t.Errorf("%s is more than %s in %.3f of the pairs", c.more, c.less, share)
		}
	}
}

func ink(image []float32) (sum float64) {
	for _, v := range image {
		sum += float64(v)
	}
	return sum
}

// shear is how far ink moves to the right per pixel upwards, by second moments.
func shear(image []float32) float64 {
	var mass, mx, my, xy, yy float64
	for i, v := range image {
		mass += float64(v)
		mx += float64(v) * float64(i%glyphField)
		my += float64(v) * float64(i/glyphField)
	}
	for i, v := range image {
		dx, dy := float64(i%glyphField)-mx/mass, float64(i/glyphField)-my/mass
		xy += float64(v) * dx * dy
		yy += float64(v) * dy * dy
	}
	return -xy / yy
}

// TestGlyphsVary: seeds differ at least half as much as fonts, in the pixels' variance.
func TestGlyphsVary(t *testing.T) {
	const seeds = 500
	var reference struct {
		Variance []float64 `json:"variance_between_fonts"`
	}
	readJSON(t, "testdata/glyphs_reference.json", &reference)
	g := openGlyphs(t)
	random := rand.New(rand.NewPCG(3, 3))
	var ratios float64
	for d, digit := range glyphDigits {
		var variance float64
		images := g.draw(t, slices.Repeat([]string{digit}, seeds), glyphNoise(random, seeds))
		for p := range glyphPixels {
			var sum, squares float64
			for _, image := range images {
				sum += float64(image[p])
				squares += float64(image[p]) * float64(image[p])
			}
			variance += squares/seeds - (sum/seeds)*(sum/seeds)
		}
		ratio := variance / reference.Variance[d]
		t.Logf("%s: %.2f of the variance between fonts", digit, ratio)
		ratios += ratio / float64(len(glyphDigits))
	}
	if !(ratios >= 0.5) {
		t.Errorf("the variance between seeds is %.2f of that between fonts", ratios)
	}
}
