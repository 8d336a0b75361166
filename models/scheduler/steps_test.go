package scheduler

import (
	"fmt"
	"slices"
	"testing"
)

// TestTwoImages makes two with one scheduler.
func TestTwoImages(t *testing.T) {
	for _, name := range Names() {
		c, err := read(t, sd15).With(name)
		if err != nil {
			t.Fatal(err)
		}
		way := func(s *Scheduler) []float32 {
			sample := []float32{1, -0.5, 2, 0.25}
			for i := range s.Timesteps() {
				output := slices.Clone(sample)
				s.Step(i, output, sample, nil, func(dst []float32) { copy(dst, []float32{0.1, 0.2, -0.3, -0.4}) })
			}
			return sample
		}
		s, err := New(c, Plan{Steps: 6})
		if err != nil {
			t.Fatal(err)
		}
		first := way(s)
		s.Begin(0)
		if second := way(s); !slices.Equal(first, second) {
			t.Errorf("%s: %v, and then %v", name, first, second)
		}
	}
}

// FuzzSteps reads configurations, makes their schedulers and steps.
func FuzzSteps(f *testing.F) {
	cases, _, _, _ := readGoldens(f)
	for i := range cases {
		if g := &cases[i]; i%9 == 0 {
			f.Add([]byte(g.Config), uint8(i), g.Steps, g.OriginalSteps, g.Strength, g.Begin)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, with uint8, steps, original int, strength float64, begin int) {
		c, err := Read(data)
		if c == nil {
			if err == nil {
				t.Fatal("no configuration and no error")
			}
			return
		}
		c = c.StableDiffusion(with%2 == 0)
		if with < 128 || c.Name() == "" {
			if c, err = c.With(Names()[int(with)%len(Names())]); err != nil {
				return
			}
		}
		plan := Plan{Steps: steps, OriginalSteps: original, Strength: strength, Patches: steps}
		if c.Name() == "ddim" || c.Name() == "tcd" {
			plan.Eta = strength
		}
		s, err := New(c, plan)
		if err != nil {
			return
		}
		told := s.Timesteps()
		if len(told) == 0 || len(told) > 2*maxTrainSteps {
			t.Fatalf("%d timesteps", len(told))
		}
		sample, output, denoised := []float32{1, -1, 3}, make([]float32, 3), make([]float32, 3)
		begin = min(max(begin, 0), len(told)-1)
		s.AddNoise(sample, sample, []float32{0.5, -0.25, 1}, begin)
		s.Begin(begin)
		for i := begin; i < min(len(told), begin+40); i++ {
			s.Scale(output, sample, i)
			s.Step(i, output, sample, denoised, func(dst []float32) {
				if !s.Noisy() {
					t.Fatal("it draws noise, and is not Noisy")
				}
				clear(dst)
			})
		}
	})
}

// BenchmarkStep is a step's work on an image of 512 pixels, with guidance.
func BenchmarkStep(b *testing.B) {
	for _, name := range Names() {
		b.Run(name, func(b *testing.B) {
			c, err := Read([]byte(sd15))
			if err != nil {
				b.Fatal(err)
			}
			if c, err = c.With(name); err != nil {
				b.Fatal(err)
			}
			s, err := New(c, Plan{Steps: 20})
			if err != nil {
				b.Fatal(err)
			}
			const n = 4 * 64 * 64
			sample, input, output := make([]float32, n), make([]float32, 2*n), make([]float32, 2*n)
			drawn, n20 := make([]float32, n), len(s.Timesteps())
			for j := range sample {
				sample[j], drawn[j] = float32(j%17)-8, float32(j%13)/6-1
			}
			start := slices.Clone(sample)
			b.ReportAllocs()
			for k := 0; b.Loop(); k++ {
				i := k % n20
				if i == 0 {
					s.Begin(0)
					copy(sample, start)
				}
				s.Scale(input[:n], sample, i)
				copy(input[n:], input[:n])
				copy(output, input) // the model
				for j, u := range output[:n] {
					output[j] = u + 7.5*(output[n+j]-u)
				}
				s.Step(i, output[:n], sample, nil, func(dst []float32) { copy(dst, drawn) })
			}
		})
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	for _, name := range Names() {
		c, err := read(t, sd15).With(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(c, Plan{Steps: 20})
		if err != nil {
			t.Fatal(err)
		}
		sample, output := make([]float32, 64), make([]float32, 64)
		noise := func(dst []float32) { clear(dst) }
		way := func() {
			s.Begin(0)
			for i := range s.timesteps {
				s.Scale(output, sample, i)
				s.Step(i, output, sample, nil, noise)
			}
		}
		if n := testing.AllocsPerRun(3, way); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func ExampleConfig_With() {
	c, err := Read([]byte(sd15))
	if err != nil {
		panic(err)
	}
	c, err = c.With("dpm++2m-karras")
	if err != nil {
		panic(err)
	}
	s, err := New(c, Plan{Steps: 5})
	if err != nil {
		panic(err)
	}
	fmt.Println(c.Class(), s.Timesteps())
	// Output: DPMSolverMultistepScheduler [999 786 427 59 0]
}
