package diffusion

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"ortho/models/scheduler"
	"ortho/runner"
)

// BenchmarkStep measures Go's work in a step on one core, the UNet running on [2,4,64,64]:
// the wall clock from step to step without the graph's runs. Of an image it is ms/image:
// from the prompt to its pixels.
func BenchmarkStep(b *testing.B) {
	for _, name := range scheduler.Names() {
		b.Run(name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
			var graphs time.Duration
			p := pipeline(b, "sd", Options{Runner: runner.Options{Threads: 1}, Ran: func(r Run) { graphs += r.Took }})
			var own, whole time.Duration
			var last, spent time.Duration // of the step before: its end, and what graphs had taken then
			steps, images := 0, 0
			begin := time.Now()
			guidance := 7.5
			r := Request{Prompt: "a red fox in snow", Width: 512, Height: 512, Steps: 6, Guidance: &guidance, Scheduler: name, Step: func(s Step) {
				now := time.Since(begin)
				if s.Done > 1 {
					own += now - last - (graphs - spent)
					steps++
				}
				last, spent = now, graphs
			}}
			draw := func() {
				for s := range p.Samples(b.Context(), slices.Values([]Request{r})) {
					if s.Err != nil {
						b.Fatal(s.Err)
					}
				}
			}
			draw() // opens the graphs
			own, steps = 0, 0
			for b.Loop() {
				start, before := time.Now(), graphs
				draw()
				whole += time.Since(start) - (graphs - before)
				images++
			}
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(own.Seconds()*1000/float64(steps), "ms/step")
			b.ReportMetric(whole.Seconds()*1000/float64(images), "ms/image")
		})
	}
}
