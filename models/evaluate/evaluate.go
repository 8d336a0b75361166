package evaluate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"ortho/models"
)

// Options say what the values of [Evaluation.Add] are, and what is kept of them.
type Options struct {
	Labels     []models.Label // of the classes; none where they have only an index
	Activation models.Activation
	// Temperature is what logits are divided by before the softmax; 0: not divided.
	Temperature float64
	// Mistakes is how many of the worst are kept; 0: none.
	Mistakes int
	// Memory bounds the bytes of the logits that are kept to fit a temperature; beyond
	// it, they are those of a uniform random sample. 0: 128 MiB, which is 33,554 items of
	// 1,000 classes.
	Memory int64
}

const defaultMemory = 128 << 20

// Evaluation gathers answers one by one. Its memory does not grow with the items,
// but for the logits that Options.Memory bounds and for pairs of classes that were
// taken for each other.
type Evaluation struct {
	opt     Options
	classes int // 0: nothing was added yet

	n, right, right5 int
	counts           []counts    // by class
	pairs            map[int]int // items by truth*classes + predicted
	bins             [Bins]bin
	implausible      // why some figures are undefined
	nll, brier       float64
	mistakes         []Mistake // worst first

	sample []scored
	random *rand.Rand
}

// counts are those of one class.
type counts struct{ n, right, right5, predicted int }

// scored is an item's values with its class.
type scored struct {
	values []float32
	truth  int
}

// New begins an evaluation.
func New(opt Options) *Evaluation {
	opt.Temperature = cmp.Or(opt.Temperature, 1)
	opt.Memory = cmp.Or(opt.Memory, defaultMemory)
	return &Evaluation{opt: opt, pairs: map[int]int{}, random: rand.New(rand.NewPCG(0, 0))}
}

// Add evaluates one answer: the values that the model gives for each class of input,
// before the activation, and the class that it is of. The values are kept: the caller
// must not change them. Of equal values the first class is the answer. An error says
// that truth is no class of so many, or that there were not always so many.
func (e *Evaluation) Add(input string, truth int, values []float32) error {
	switch {
	case len(values) == 0:
		return fmt.Errorf("%s: the model gave no values", input)
	case e.classes != 0 && len(values) != e.classes:
		return fmt.Errorf("%s: the model gave %d values, and %d before", input, len(values), e.classes)
	case truth < 0 || truth >= len(values):
		return fmt.Errorf("%s: its class is %d, but the model has %d, from 0", input, truth, len(values))
	}
	if e.classes == 0 {
		e.classes = len(values)
		e.counts = make([]counts, e.classes)
	}
	predicted, rank := place(values, truth)
	p := probabilityOf(values, truth, predicted, e.opt.Activation, e.opt.Temperature)
	e.count(values, e.opt.Activation)

	e.n++
	c := &e.counts[truth]
	c.n++
	if rank == 0 {
		e.right++
		c.right++
	}
	if rank < 5 {
		e.right5++
		c.right5++
	}
	e.counts[predicted].predicted++
	e.pairs[truth*e.classes+predicted]++

	e.bins[binOf(p.top)].add(p.top, rank == 0)
	e.nll -= p.logTruth
	e.brier += p.brier
	if rank != 0 {
		e.mistake(Mistake{Input: input, Truth: e.name(truth), Predicted: e.name(predicted), Probability: p.top, TruthProbability: p.truth, TruthRank: rank + 1})
	}
	e.keep(values, truth)
	return nil
}

// place returns the class with the largest value, and how many classes stand before
// truth.
func place(values []float32, truth int) (predicted, rank int) {
	for i, v := range values {
		if v > values[predicted] {
			predicted = i
		}
		if v > values[truth] || v == values[truth] && i < truth {
			rank++
		}
	}
	return predicted, rank
}

func (e *Evaluation) mistake(m Mistake) {
	at, _ := slices.BinarySearchFunc(e.mistakes, m, func(a, b Mistake) int {
		if a.Probability >= b.Probability {
			return -1
		}
		return 1
	})
	if at < e.opt.Mistakes {
		e.mistakes = slices.Insert(e.mistakes, at, m)
		e.mistakes = e.mistakes[:min(len(e.mistakes), e.opt.Mistakes)]
	}
}

// keep is Vitter's algorithm R (1985): each item has the same chance to be in the sample.
func (e *Evaluation) keep(values []float32, truth int) {
	if e.opt.Activation == models.Sigmoid || e.outside > 0 || e.unnormalised > 0 {
		e.sample = nil // there is no temperature to fit
		return
	}
	room := int(max(1, e.opt.Memory/int64(4*e.classes)))
	i := len(e.sample)
	if i == room {
		if i = e.random.IntN(e.n); i >= room {
			return
		}
	} else {
		e.sample = append(e.sample, scored{})
	}
	e.sample[i] = scored{e.logits(values), truth}
}

// logits are values before the softmax. Where the graph has applied it, the logarithms of
// its probabilities take their place: they differ from its logits by a constant, which
// no softmax sees.
func (e *Evaluation) logits(values []float32) []float32 {
	if e.opt.Activation == models.Softmax {
		return values
	}
	logs := make([]float32, len(values))
	for i, p := range values {
		logs[i] = float32(math.Log(max(float64(p), least)))
	}
	return logs
}

func (e *Evaluation) name(class int) Name {
	n := Name{Index: class}
	if class < len(e.opt.Labels) {
		n.Label, n.ID = e.opt.Labels[class].Name, e.opt.Labels[class].ID
	}
	return n
}

// probabilities are those of one answer.
type probabilities struct {
	top, truth, logTruth float64
	brier                float64 // the sum over the classes of (p - y)^2, where y is 1 for the truth
}

// least is the probability that a truth is given at least where the graph has applied
// its softmax, and may have rounded it to 0: float64's epsilon, as scikit-learn's log_loss.
const least = 0x1p-52

func probabilityOf(values []float32, truth, top int, activation models.Activation, temperature float64) probabilities {
	switch activation {
	case models.Softmax:
		sum, squares := 0.0, 0.0
		for _, v := range values {
			x := math.Exp((float64(v) - float64(values[top])) / temperature)
			sum += x
			squares += x * x
		}
		log := (float64(values[truth])-float64(values[top]))/temperature - math.Log(sum)
		p := math.Exp(log)
		return probabilities{1 / sum, p, log, squares/(sum*sum) - 2*p + 1}
	case models.Sigmoid:
		sigmoid := func(i int) float64 { return 1 / (1 + math.Exp(-float64(values[i]))) }
		return probabilities{top: sigmoid(top), truth: sigmoid(truth)}
	}
	squares := 0.0
	for _, v := range values {
		squares += float64(v) * float64(v)
	}
	p := float64(values[truth])
	return probabilities{float64(values[top]), p, math.Log(max(p, least)), squares - 2*p + 1}
}

// implausible counts values that can't be probabilities, of a graph that has applied its
// activation.
type implausible struct{ outside, unnormalised int }

// sumTolerance is how far from 1 probabilities may add up to: float16's are off by up to
// 0.01.
const sumTolerance = 0.02

func (c *implausible) count(values []float32, activation models.Activation) {
	if activation != models.None {
		return
	}
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
	if slices.Min(values) < 0 || slices.Max(values) > 1+sumTolerance {
		c.outside++
	} else if math.Abs(sum-1) > sumTolerance {
		c.unnormalised++
	}
}
