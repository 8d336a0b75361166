package bench

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"ortho/runner"
	"ortho/runner/stats"
)

// KindPipeline is the kind of the document of a pipeline.
const KindPipeline = "pipeline"

// Pipeline is what was measured of a pipeline: an image takes runs of several graphs, and
// each graph was measured by a sweep of its own, on inputs that it had when an image was
// made.
type Pipeline struct {
	Kind    string    `json:"kind"`
	Format  int       `json:"format"`
	Ortho   string    `json:"ortho"`
	Start   time.Time `json:"start"`
	Command string    `json:"command"` // that repeats it
	Name    string    `json:"name"`
	Class   string    `json:"class"` // of diffusers
	Asked   Image     `json:"asked"` // the image that was asked for
	Image   Image     `json:"image"` // with what was left to the pipeline
	Parts   []Part    `json:"parts"` // in the order of their use
	Work    Work      `json:"work"`
	// Settings are those that were measured, by the time of an image: the recommended one
	// first, those in which an image's time is not known last. nil: the run did not finish.
	Settings []Setting `json:"settings"`
	Flags    string    `json:"flags,omitempty"` // of the recommended one, for generate
}

// Image describes the image whose time is measured. Zero values were left to the pipeline.
type Image struct {
	Prompt    string   `json:"prompt"`
	Seed      uint64   `json:"seed"`
	Width     int      `json:"width"`
	Height    int      `json:"height"`
	Steps     int      `json:"steps"`
	Guidance  *float64 `json:"guidance"`
	Scheduler string   `json:"scheduler"`
	Image     string   `json:"image,omitempty"` // file
	Mask      string   `json:"mask,omitempty"`  // file
	Strength  float64  `json:"strength,omitempty"`
}

// Part is a graph of a pipeline.
type Part struct {
	Name    string   `json:"name"`
	Runs    int      `json:"runs"`     // of an image
	Outputs []string `json:"outputs"`  // that are computed
	Fixed   bool     `json:"fixed"`    // its session is made for its inputs' sizes
	BudgetS float64  `json:"budget_s"` // its part of the run's; 0: none
	File    string   `json:"file"`     // its results', beside the document
	Results *File    `json:"-"`
}

// Work is the time of Go's own work around the graphs, measured while images were made
// with all graphs warm: the wall clock without the graphs' runs.
type Work struct {
	Provider  string         `json:"provider"` // that made the images
	Threads   int            `json:"threads"`
	LowMemory bool           `json:"low_memory"` // one graph was held at a time
	Steps     int            `json:"steps"`      // that were drawn, of Of
	Of        int            `json:"of"`
	StepMS    *stats.Summary `json:"step_ms"`  // of a step, but an image's first; nil: there was no other
	ImageMS   *float64       `json:"image_ms"` // of a whole image, from the prompt to its pixels, the median of several; nil: see Reason
	WallMS    *float64       `json:"wall_ms"`  // of the image, runs of the graphs included; nil with ImageMS
	Reason    string         `json:"reason,omitempty"`
	PeakBytes *int64         `json:"peak_rss_bytes"` // of the process that made the images; nil where the system does not report it
}

// perImage is what is known of an image's work in milliseconds: the steps' where it was not
// drawn to its end.
func (w Work) perImage() float64 {
	switch {
	case w.ImageMS != nil:
		return *w.ImageMS
	case w.StepMS != nil:
		return w.StepMS.P50 * float64(w.Of)
	}
	return 0
}

// Setting is the time of an image with all parts in the same settings.
type Setting struct {
	Providers string          `json:"providers"`
	Flavor    string          `json:"flavor"`
	Threads   int             `json:"threads"`
	ImageMS   *float64        `json:"image_ms"` // all parts' runs and Go's work; nil: see Reason
	ImageCI   *stats.Interval `json:"image_ms_ci95"`
	Tie       bool            `json:"tie"` // not distinguishable from the fastest
	Parts     []PartTime      `json:"parts"`
	Reason    string          `json:"reason,omitempty"`
}

// PartTime is a part's time in a setting.
type PartTime struct {
	Name    string  `json:"name"`
	Config  Config  `json:"config"`
	RunMS   float64 `json:"run_ms"`   // median of single runs
	ImageMS float64 `json:"image_ms"` // of all its runs in an image
	Share   float64 `json:"share"`    // of the image's time, 0 to 1
	row     *Row
}

// Row is what was measured of the part in the setting.
func (t PartTime) Row() *Row { return t.row }

// SettingOf returns a cell's settings.
func SettingOf(c Config) Setting {
	return Setting{Providers: c.Providers, Flavor: c.Flavor, Threads: c.Threads}
}

// String is the setting's name in reports.
func (s Setting) String() string {
	name, _, _ := strings.Cut(Config{Providers: s.Providers, Flavor: s.Flavor}.String(), " ")
	return fmt.Sprintf("%s threads=%d", name, s.Threads)
}

// Peak is the largest part's peak of resident memory; nil where one is not known.
func (s Setting) Peak() (part string, bytes *int64) {
	for _, t := range s.Parts {
		peak := t.row.Memory.PeakBytes
		if peak == nil {
			return t.Name, nil
		}
		if bytes == nil || *peak > *bytes {
			part, bytes = t.Name, peak
		}
	}
	return part, bytes
}

// Best is the recommended setting; nil where an image's time is not known in any.
func (p *Pipeline) Best() *Setting {
	if len(p.Settings) == 0 || p.Settings[0].ImageMS == nil {
		return nil
	}
	return &p.Settings[0]
}

// Settle works out the settings of all that was measured. An image's time is the sum of its
// parts' median runs, as often as it takes them, and Go's work. A setting in which a part
// failed, or has outputs that are not the reference's, has none.
//
// The fastest is recommended. The others are compared with it by rounds, of which each has a
// time of the image: those that the measurement can't distinguish from it, against the minimum
// effect and with the correction of [Recommend], are ties. Another flavor's CPU provider is
// recommended only where no tie is something else.
func (p *Pipeline) Settle() {
	p.Settings = []Setting{}
	for _, part := range p.Parts {
		for _, r := range part.Results.Rows {
			s := SettingOf(r.Config)
			if !slices.ContainsFunc(p.Settings, func(o Setting) bool { return o.Has(r.Config) }) {
				p.Settings = append(p.Settings, s)
			}
		}
	}
	for i := range p.Settings {
		p.time(&p.Settings[i])
	}
	slices.SortStableFunc(p.Settings, func(a, b Setting) int { return cmp.Compare(order(a), order(b)) })
	best := p.Best()
	if best == nil {
		return
	}
	var values []float64
	for i := range p.Settings {
		o := &p.Settings[i]
		if o.ImageMS == nil || i == 0 {
			continue
		}
		own, with := p.rounds(o), p.rounds(best)
		n := min(len(own), len(with))
		test, tested := stats.Paired(own[:n], with[:n], stats.Effect{Min: tieEffect, Process: processEffect})
		if !tested {
			test.P = 1
		}
		values = append(values, test.P)
	}
	for i, v := range stats.Holm(values) {
		p.Settings[i+1].Tie = v >= level
	}
	control := func(s Setting) bool { return s.Providers == runner.CPU && s.Flavor != runner.CPU && s.Flavor != "" }
	if !control(*best) {
		return
	}
	if at := slices.IndexFunc(p.Settings, func(s Setting) bool { return s.Tie && !control(s) }); at > 0 {
		chosen := p.Settings[at]
		p.Settings[0].Tie, chosen.Tie = true, false
		p.Settings = slices.Insert(slices.Delete(p.Settings, at, at+1), 0, chosen)
	}
}

// Has reports whether a cell is of the setting.
func (s Setting) Has(c Config) bool {
	return s.Providers == c.Providers && s.Flavor == c.Flavor && s.Threads == c.Threads
}

func order(s Setting) float64 {
	if s.ImageMS == nil {
		return math.Inf(1)
	}
	return *s.ImageMS
}

// time adds up the parts' times.
func (p *Pipeline) time(s *Setting) {
	sum := p.Work.perImage()
	var low, high float64
	known := true
	for _, part := range p.Parts {
		at := slices.IndexFunc(part.Results.Rows, func(r Row) bool { return s.Has(r.Config) })
		if at < 0 {
			s.Reason = part.Name + " was not measured so"
			return
		}
		row := &part.Results.Rows[at]
		if reason := unable(*row, ObjectiveLatency, Constraints{}); reason != "" {
			s.Reason = part.Name + ": " + reason
			return
		}
		t := PartTime{Name: part.Name, Config: row.Config, RunMS: row.LatencyMS.P50, ImageMS: float64(part.Runs) * row.LatencyMS.P50, row: row}
		if ci := row.LatencyCI; ci != nil {
			low, high = math.Hypot(low, float64(part.Runs)*(t.RunMS-ci.Low)), math.Hypot(high, float64(part.Runs)*(ci.High-t.RunMS))
		} else {
			known = false
		}
		sum += t.ImageMS
		s.Parts = append(s.Parts, t)
	}
	for i := range s.Parts {
		s.Parts[i].Share = s.Parts[i].ImageMS / sum
	}
	s.ImageMS = &sum
	if known { // the parts were measured apart: what they vary by is added as of independent sums
		s.ImageCI = &stats.Interval{Low: sum - low, High: sum + high}
	}
}

// rounds are the times of an image in each round that all parts had.
func (p *Pipeline) rounds(s *Setting) []float64 {
	var sums []float64
	for i, t := range s.Parts {
		medians := stats.Quantiles(graphRounds(*t.row), 0.5)
		if i == 0 {
			sums = make([]float64, len(medians))
		}
		sums = sums[:min(len(sums), len(medians))]
		for j := range sums {
			sums[j] += float64(p.Parts[i].Runs) * medians[j]
		}
	}
	return sums
}
