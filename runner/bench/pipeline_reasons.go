package bench

import "fmt"

// Describe says in words which image's time is measured.
func (p *Pipeline) Describe() string {
	i := p.Image
	text := fmt.Sprintf("%s (%s): an image of %dx%d in %d steps", p.Name, p.Class, i.Width, i.Height, i.Steps)
	if i.Scheduler != "" {
		text += ", scheduler " + i.Scheduler
	}
	if i.Guidance != nil {
		text += fmt.Sprintf(", guidance %g", *i.Guidance)
	}
	if i.Image != "" {
		text += fmt.Sprintf(", from an image with strength %g", i.Strength)
	}
	return text
}

// OwnWork is Go's own part of an image in a setting: its time, and its share of the whole.
func (p *Pipeline) OwnWork(s *Setting) (ms, share float64, known bool) {
	ms = p.Work.perImage()
	return ms, ms / *s.ImageMS, p.Work.ImageMS != nil || p.Work.StepMS != nil
}

// Reasons say in words why the first setting is recommended, and what else was seen.
func (p *Pipeline) Reasons() []string {
	var lines []string
	say := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	best := p.Best()
	if best == nil {
		say("The time of an image is not known in any settings.")
	} else {
		p.sayBest(say, best)
	}
	p.sayWork(say, best)
	if best == nil {
		return lines
	}
	if part, peak := best.Peak(); peak != nil {
		say("The largest part by memory is %s: %s MiB at the peak of a process that holds it alone, as --low-memory does.", part, fmt.Sprint(*peak>>20))
	}
	if w := p.Work; w.PeakBytes != nil {
		held := "all parts that an image takes"
		if w.LowMemory {
			held = "one part at a time"
		}
		say("The process that drew, with %s in memory, had %s MiB at its peak.", held, fmt.Sprint(*w.PeakBytes>>20))
	}
	return lines
}

func (p *Pipeline) sayBest(say func(string, ...any), best *Setting) {
	figure := digits(*best.ImageMS) + " ms"
	if ci := best.ImageCI; ci != nil {
		figure += fmt.Sprintf(" (95 %% interval %s to %s)", digits(ci.Low), digits(ci.High))
	}
	var timed []Setting
	for _, s := range p.Settings {
		if s.ImageMS != nil {
			timed = append(timed, s)
		}
	}
	if len(timed) == 1 {
		say("%s: an image takes %s; in no other settings is its time known.", best, figure)
		return
	}
	say("%s: an image takes %s, the best of %d settings.", best, figure, len(timed))
	next := timed[1]
	line := fmt.Sprintf("Next is %s with %s ms, %+.1f %%", next, digits(*next.ImageMS), 100*(*next.ImageMS / *best.ImageMS - 1))
	if next.Tie {
		say("%s: not told apart from it by this measurement.", line)
	} else {
		say("%s.", line)
	}
}

func (p *Pipeline) sayWork(say func(string, ...any), best *Setting) {
	w := p.Work
	if w.StepMS != nil {
		say("Go's own work between two runs of the UNet takes %s ms: the median of %d steps that were drawn.", digits(w.StepMS.P50), w.StepMS.N)
	}
	if w.ImageMS == nil || w.WallMS == nil {
		say("Go's own work outside the steps is not known: %s.", w.Reason)
		return
	}
	line := fmt.Sprintf("The image that was drawn, with %s threads=%d and warm graphs, took %s ms by the clock, of which %s ms were Go's own work", w.Provider, w.Threads,
		digits(*w.WallMS), digits(*w.ImageMS))
	if best != nil && best.Providers == w.Provider && best.Threads == w.Threads {
		line += fmt.Sprintf("; the sum of the parts is %+.1f %% of that", 100*(*best.ImageMS / *w.WallMS - 1))
	}
	say("%s.", line)
}
