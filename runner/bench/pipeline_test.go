package bench

import (
	"bytes"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/runner/stats"
)

// partOf is a part with a cell for each number of threads from 1 on: those milliseconds a
// run in each of five rounds.
func partOf(name string, runs int, rounds ...[]float64) Part {
	f := &File{Run: Run{Kind: KindRun, Format: Format}}
	for i, ms := range rounds {
		var rates []float64
		for _, v := range ms {
			rates = append(rates, 1000/v)
		}
		f.Rows = append(f.Rows, steadyRow(i+1, rates...))
	}
	return Part{Name: name, Runs: runs, File: name + ".jsonl", Results: f}
}

func around(ms float64) []float64 {
	return []float64{ms, 1.01 * ms, 0.99 * ms, 1.005 * ms, 0.995 * ms}
}

func pipelineOf(parts ...Part) *Pipeline {
	work := 12.
	return &Pipeline{Kind: KindPipeline, Format: Format, Parts: parts, Work: Work{Of: 20, StepMS: &stats.Summary{N: 19, P50: 0.5}, ImageMS: &work, WallMS: &work}}
}

func TestSettle(t *testing.T) {
	no := false
	text, unet, decoder := partOf("text_encoder", 2, around(5), around(3)), partOf("unet", 20, around(100), around(60)), partOf("vae_decoder", 1, around(200), around(190))
	wrong := partOf("unet", 20, around(100), around(60))
	wrong.Results.Rows[1].Equal = &no
	failed := partOf("vae_decoder", 1, around(200))
	for name, c := range map[string]struct {
		p       *Pipeline
		threads []int     // of the settings, in order
		ms      []float64 // of an image; NaN: not known
		ties    []bool
		reason  string // of the last
	}{
		"the sum":               {pipelineOf(text, unet, decoder), []int{2, 1}, []float64{2*3 + 20*60 + 190 + 12, 2*5 + 20*100 + 200 + 12}, []bool{false, false}, ""},
		"a tie":                 {pipelineOf(partOf("unet", 20, around(60.1), around(60))), []int{2, 1}, []float64{1212, 1214}, []bool{false, true}, ""},
		"wrong outputs":         {pipelineOf(text, wrong, decoder), []int{1, 2}, []float64{2222, math.NaN()}, []bool{false, false}, "unet: its outputs are not the reference's"},
		"a part without a cell": {pipelineOf(unet, failed), []int{1, 2}, []float64{2212, math.NaN()}, []bool{false, false}, "vae_decoder was not measured so"},
		"one setting":           {pipelineOf(failed), []int{1}, []float64{212}, []bool{false}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			c.p.Settle()
			if len(c.p.Settings) != len(c.threads) {
				t.Fatalf("%d settings, want %d", len(c.p.Settings), len(c.threads))
			}
			for i, s := range c.p.Settings {
				if s.Threads != c.threads[i] || s.Tie != c.ties[i] {
					t.Errorf("setting %d: %s, tie %v, want threads=%d, %v", i, s, s.Tie, c.threads[i], c.ties[i])
				}
				if math.IsNaN(c.ms[i]) != (s.ImageMS == nil) || s.ImageMS != nil && math.Abs(*s.ImageMS/c.ms[i]-1) > 1e-9 {
					t.Errorf("%s: an image takes %v ms, want %v", s, s.ImageMS, c.ms[i])
				}
				if s.ImageMS == nil {
					continue
				}
				if ci := s.ImageCI; ci == nil || !(ci.Low < *s.ImageMS && *s.ImageMS < ci.High) {
					t.Errorf("%s: interval %v around %v", s, ci, *s.ImageMS)
				}
				share := 12 / *s.ImageMS
				for _, part := range s.Parts {
					share += part.Share
				}
				if math.Abs(share-1) > 1e-9 {
					t.Errorf("%s: the shares add up to %v", s, share)
				}
			}
			if last := c.p.Settings[len(c.p.Settings)-1]; last.Reason != c.reason && !strings.HasPrefix(last.Reason, c.reason+": ") {
				t.Errorf("reason %q, want %q", last.Reason, c.reason)
			}
			if reasons := c.p.Reasons(); len(reasons) < 2 {
				t.Errorf("reasons %q", reasons)
			}
		})
	}
}

// A flavor's own CPU provider is for comparing versions: it is not what to use.
func TestSettleControl(t *testing.T) {
	part := partOf("unet", 1, around(60), around(60.2))
	part.Results.Rows[0].Config = Config{"cpu", "openvino", 1, 1, 1}
	part.Results.Rows[1].Config = Config{"openvino", "openvino", 1, 1, 1}
	p := pipelineOf(part)
	p.Settle()
	if best := p.Best(); best.Providers != "openvino" || best.Tie || !p.Settings[1].Tie {
		t.Errorf("%+v", p.Settings)
	}
}

func TestReadPipeline(t *testing.T) {
	dir := t.TempDir()
	p := pipelineOf(partOf("unet", 20, around(100), around(60)), partOf("vae_decoder", 1, around(200), around(190)))
	save := func(name string, write func(*bytes.Buffer) error) {
		t.Helper()
		var b bytes.Buffer
		if err := write(&b); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), b.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	document := func() { save(PipelineFile, func(b *bytes.Buffer) error { return p.Write(b) }) }
	document()
	save("unet.jsonl", func(b *bytes.Buffer) error { return p.Parts[0].Results.Write(b) })
	got, err := ReadPipeline(dir)
	if err != nil || got.Settings != nil || got.Parts[0].Results == nil || got.Parts[1].Results != nil {
		t.Fatalf("a run that did not finish: %+v, %v", got, err)
	}
	p.Settle()
	document()
	if _, err := ReadPipeline(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("results that are gone: %v", err)
	}
	save("vae_decoder.jsonl", func(b *bytes.Buffer) error { return p.Parts[1].Results.Write(b) })
	if got, err = ReadPipeline(dir); err != nil || *got.Best().ImageMS != *p.Best().ImageMS {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		change func()
		want   string
	}{
		{func() { p.Parts[0].File = "../unet.jsonl" }, "no name of its own"},
		{func() { p.Parts[0].File = "" }, "no name of its own"},
		{func() { p.Parts[0].File = p.Parts[1].File }, "no name of its own"},
		{func() { p.Parts[0].Runs = 0 }, "runs 0 times"},
		{func() { p.Parts[0].Runs = 1 << 30 }, "times in an image"},
		{func() { p.Parts = nil }, "0 parts"},
		{func() { p.Format = 9 }, "format 9"},
		{func() { p.Kind = KindRun }, `kind is "run"`},
	} {
		before := *p
		before.Parts = slices.Clone(p.Parts)
		c.change()
		document()
		*p = before
		if _, err := ReadPipeline(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v, want %q", err, c.want)
		}
	}
	save(PipelineFile, func(b *bytes.Buffer) error { b.WriteString("{}{"); return nil })
	if _, err := ReadPipeline(dir); err == nil {
		t.Error("a damaged document was read")
	}
}

func FuzzPipeline(f *testing.F) {
	p := pipelineOf(partOf("unet", 20, around(100), around(60)))
	var b bytes.Buffer
	p.Settle()
	if err := p.Write(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte(`{"kind":"pipeline","format":1,"parts":[{"name":"unet","runs":1,"file":"unet.jsonl"}],"work":{"of":1}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePipeline(bytes.NewReader(data))
		if err != nil {
			return
		}
		for i := range p.Parts { // whatever was measured of them
			p.Parts[i].Results = partOf(p.Parts[i].Name, 1, around(100), around(60)).Results
		}
		p.Settle()
		p.Reasons()
		p.Describe()
		var again bytes.Buffer
		if err := p.Write(&again); err != nil {
			t.Fatal(err)
		}
		if _, err := parsePipeline(&again); err != nil {
			t.Error(err)
		}
	})
}
