package evaluate

import (
	"math"

	"ortho/models"
)

// Calibration says whether probabilities can be believed: of the answers that are given
// 80 %, 80 % should be right.
type Calibration struct {
	// Activation is what made the probabilities; "none" where the graph has.
	Activation models.Activation `json:"activation"`
	// Temperature is what the logits were divided by before the softmax.
	Temperature float64 `json:"temperature"`
	// ECE is the expected calibration error of Guo et al. (2017), "On calibration of
	// modern neural networks": the mean over the items of the distance, in their bin of
	// equal width, between the mean probability of the answers and the rate of right ones.
	ECE *float64 `json:"ece"`
	// ChanceECE is about what a perfectly calibrated model would have by chance alone, with
	// so many items: bins of few items are off. An ECE of that size says nothing
	// against the model.
	ChanceECE *float64 `json:"ece_by_chance"`
	// NLL is the mean negative logarithm of the truth's probability (log loss), in nats;
	// Brier the mean over the items of the sum over the classes of (p-y)^2, from 0 to 2.
	NLL   *float64 `json:"nll"`
	Brier *float64 `json:"brier"`
	// Reason says why figures are null.
	Reason string `json:"reason,omitempty"`

	Bins   []Bin  `json:"bins"` // those of ECE; none where it is null
	Fitted Fitted `json:"fitted_temperature"`
}

// Bins is how many ECE has, as in Guo et al.
const Bins = 15

// Bin holds the answers whose probability is above Low, and not above High.
type Bin struct {
	Low  float64 `json:"low"`
	High float64 `json:"high"`
	N    int     `json:"n"`
	// Probability is the answers' mean; null where N is 0, as Right is.
	Probability *float64 `json:"probability"`
	Right       *Rate    `json:"right"`
}

// bin gathers answers.
type bin struct {
	n, right      int
	sum, variance float64 // of the probabilities, and of the count of right ones if those are true
}

func (b *bin) add(p float64, right bool) {
	b.n++
	if right {
		b.right++
	}
	b.sum += p
	b.variance += p * (1 - p)
}

func binOf(p float64) int { return min(max(int(math.Ceil(p*Bins))-1, 0), Bins-1) }

func ece(bins *[Bins]bin) float64 {
	n, gap := 0, 0.0
	for _, b := range bins {
		n += b.n
		gap += math.Abs(b.sum - float64(b.right))
	}
	return gap / float64(n)
}

// chanceECE expects each bin's gap to be normally distributed about 0.
func chanceECE(bins *[Bins]bin) float64 {
	n, gap := 0, 0.0
	for _, b := range bins {
		n += b.n
		gap += math.Sqrt(2 / math.Pi * max(0, b.variance))
	}
	return gap / float64(n)
}

func (e *Evaluation) calibration() Calibration {
	c := Calibration{Activation: e.opt.Activation, Temperature: e.opt.Temperature, Bins: []Bin{}}
	switch {
	case e.n == 0:
		c.Reason = "nothing was judged"
	case e.outside > 0:
		c.Reason = "the graph's values are said to be probabilities (activation none), but some are below 0 or above 1"
	case e.opt.Activation == models.Sigmoid:
		c.Reason = "with sigmoids each class has a probability of its own: there is no distribution over the classes, which NLL, Brier and a temperature are of"
	case e.unnormalised > 0:
		c.Reason = "the graph's values don't add up to 1, as sigmoids inside give: there is no distribution over the classes, which NLL, Brier and a temperature are of"
	}
	if e.n > 0 && e.outside == 0 {
		c.ECE, c.ChanceECE = new(ece(&e.bins)), new(chanceECE(&e.bins))
		for i, b := range e.bins {
			out := Bin{Low: float64(i) / Bins, High: float64(i+1) / Bins, N: b.n, Right: NewRate(b.right, b.n)}
			if b.n > 0 {
				out.Probability = new(b.sum / float64(b.n))
			}
			c.Bins = append(c.Bins, out)
		}
	}
	if c.Reason != "" {
		c.Fitted.Reason = c.Reason
		return c
	}
	c.NLL, c.Brier = new(e.nll/float64(e.n)), new(e.brier/float64(e.n))
	c.Fitted = fitted(e.sample)
	return c
}
