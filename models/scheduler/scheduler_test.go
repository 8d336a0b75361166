package scheduler

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"ortho/models/noise"
	"ortho/runner/npz"
)

// answer is the model of scripts/goldens/schedulers.py.
func answer(dst, x []float32, t float32) {
	for j, v := range x {
		pattern := float64(j*5%16)/8 - 1
		x := float64(v)
		dst[j] = float32((0.9*x + 0.3*pattern*(1-float64(t)/1000)) / (1 + 0.05*x*x))
	}
}

// golden is a case of schedulers.json.
type golden struct {
	Config, Pipeline, With string
	Steps                  int
	OriginalSteps          int `json:"original_steps"`
	Strength               float64
	Begin                  int
	Eta                    float64
	Patches                int

	Refused   string
	Class     string
	Timesteps []float32
	InitSigma float32 `json:"init_noise_sigma"`
	Denoised  bool
	Drawn     []int
	Order     int
}

func (g *golden) String() string {
	return fmt.Sprintf("%s%s, with %q, %d steps of %d, strength %v, from %d", g.Pipeline, g.Config, g.With, g.Steps, g.OriginalSteps, g.Strength, g.Begin)
}

func (g *golden) config() (*Config, error) {
	c, err := Read([]byte(g.Config))
	if err != nil && !errors.Is(err, ErrUnknown) {
		return nil, err
	}
	if strings.HasPrefix(g.Pipeline, "StableDiffusion") && !strings.Contains(g.Pipeline, "XL") {
		c = c.StableDiffusion(strings.Contains(g.Pipeline, "Inpaint"))
	}
	if g.With != "" {
		c, err = c.With(g.With)
	}
	return c, err
}

func (g *golden) scheduler() (*Scheduler, error) {
	c, err := g.config()
	if err != nil {
		return nil, err
	}
	return New(c, Plan{Steps: g.Steps, OriginalSteps: g.OriginalSteps, Strength: g.Strength, Eta: g.Eta, Patches: g.Patches, Entropy: noise.New(7).Entropy})
}

func readGoldens(t testing.TB) (cases []golden, values, normal, start []float32) {
	data, err := os.ReadFile("testdata/schedulers.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	arrays, err := npz.ReadFile("testdata/schedulers.npz")
	if err != nil || len(arrays) != 3 {
		t.Fatalf("%d arrays, %v", len(arrays), err)
	}
	of := map[string][]float32{}
	for _, a := range arrays {
		for data := a.Data; len(data) > 0; data = data[4:] {
			of[a.Name] = append(of[a.Name], math.Float32frombits(binary.LittleEndian.Uint32(data)))
		}
	}
	return cases, of["values"], of["noise"], of["start"]
}

// Tolerances are relative to the largest number that diffusers has in an array.
const (
	tolerance = 1e-5
	// From sigma 4096, where rescale_betas_zero_snr begins, to 14 in a step of Euler's:
	// the last bit of a square root, which PyTorch does not have right on every CPU, is
	// 300 times larger then.
	toleranceZeroSNR = 1e-4
)

// TestEqualsDiffusers steps as diffusers did.
func TestEqualsDiffusers(t *testing.T) {
	cases, values, normal, start := readGoldens(t)
	size := len(start)
	ran, worst := map[string]int{}, map[string]float64{}
	for i := range cases {
		g := &cases[i]
		s, err := g.scheduler()
		if g.Refused != "" {
			// diffusers means to take this algorithm for dpmsolver++, and refuses it by an oversight.
			if err == nil && !strings.Contains(g.Refused, "`algorithm_type` deis") {
				t.Errorf("%v: diffusers refuses it: %s", g, g.Refused)
			}
			ran["refused"]++
			continue
		}
		if err != nil {
			t.Fatalf("%v: %v", g, err)
		}
		c, _ := g.config()
		if c.Class() != g.Class {
			t.Errorf("%v: %s, diffusers' is %s", g, c.Class(), g.Class)
		}
		allowed := tolerance
		if strings.Contains(g.Config, `"rescale_betas_zero_snr": true`) && strings.HasPrefix(c.Name(), "euler") {
			allowed = toleranceZeroSNR
		}
		compare := func(what string, got []float32) {
			t.Helper()
			want := values[:size]
			values = values[size:]
			worst[c.Name()] = max(worst[c.Name()], differs(t, fmt.Sprintf("%v: %s", g, what), got, want, allowed))
		}
		ran[c.Name()]++
		told := s.Timesteps()
		if len(told) != len(g.Timesteps) {
			t.Fatalf("%v: timesteps %v, diffusers' %v", g, told, g.Timesteps)
		}
		for j, got := range told {
			// Those that are not whole are by logarithms.
			want := g.Timesteps[j]
			whole := got == float32(int(got)) && want == float32(int(want))
			if got != want && (whole || math.Abs(float64(got-want)) > 1e-5*max(math.Abs(float64(want)), 10)) {
				t.Errorf("%v: timestep %d is %v, diffusers' %v", g, j, got, want)
			}
		}
		if s.Order() != g.Order {
			t.Errorf("%v: order %d, diffusers' %d", g, s.Order(), g.Order)
		}
		if got := s.InitSigma(); math.Abs(float64(got-g.InitSigma)) > 1e-6*float64(g.InitSigma) {
			t.Errorf("%v: init_noise_sigma is %v, diffusers' %v", g, got, g.InitSigma)
		}
		last := make([]float32, size)
		s.AddNoise(last, start, normal[:size], len(told)-1)
		sample := make([]float32, size)
		s.AddNoise(sample, start, normal[:size], g.Begin)
		compare("added noise at the first step", sample)
		compare("added noise at the last step", last)
		if g.Begin == 0 {
			for j, x := range start {
				sample[j] = x * s.InitSigma()
			}
		} else {
			s.Begin(g.Begin)
		}
		drawn := 0
		draw := func(dst []float32) {
			copy(dst, normal[(1+drawn%39)*size:][:size])
			drawn++
		}
		input, output, denoised := make([]float32, size), make([]float32, size), make([]float32, size)
		for step := g.Begin; step < len(told); step++ {
			s.Scale(input, sample, step)
			answer(output, input, g.Timesteps[step])
			s.Step(step, output, sample, denoised, draw)
			compare(fmt.Sprintf("sample after step %d", step), sample)
			if g.Denoised {
				compare(fmt.Sprintf("image foreseen at step %d", step), denoised)
			}
			if want := g.Drawn[step-g.Begin]; drawn != want {
				t.Errorf("%v: %d draws after step %d, diffusers' %d", g, drawn, step, want)
			}
		}
		if drawn > 0 && !s.Noisy() {
			t.Errorf("%v: it drew noise, and is not Noisy", g)
		}
		if t.Failed() {
			return
		}
	}
	if len(values) != 0 {
		t.Errorf("%d values are left", len(values))
	}
	for _, name := range append(Names(), "refused") {
		if ran[name] < 20 {
			t.Errorf("only %d cases of %s", ran[name], name)
		}
		t.Logf("%-16s %3d cases, differing by %.2g at most", name, ran[name], worst[name])
	}
}

// differs is by how much got is not want, relative to want's largest.
func differs(t *testing.T, what string, got, want []float32, allowed float64) float64 {
	t.Helper()
	largest, difference := 0.0, 0.0
	for j, w := range want {
		largest = max(largest, math.Abs(float64(w)))
		d := math.Abs(float64(got[j]) - float64(w))
		if math.IsNaN(d) {
			d = math.Inf(1)
		}
		difference = max(difference, d)
	}
	if difference > allowed*largest {
		t.Errorf("%s is\n%v, diffusers' is\n%v", what, got, want)
	}
	return difference / largest
}
