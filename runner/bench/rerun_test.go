package bench

import (
	"strings"
	"testing"
)

// earlier is a file of cells of one, two, ... threads with rows a second, of which the first
// is recommended.
func earlier(rates ...float64) *File {
	f := &File{Run: Run{Model: Model{Name: "m", SHA256: "aa"}, Input: Input{SHA256: "bb"}, Plan: Plan{Providers: []string{"cpu"}, Threads: []int{1, 2}, Objective: ObjectiveThroughput}}}
	for i, rate := range rates {
		f.Rows = append(f.Rows, Row{Config: Config{Providers: "cpu", Threads: i + 1}, Status: StatusOK, Equal: new(true), ThroughputS: new(rate)})
	}
	f.Verdict = &Verdict{Recommended: &f.Rows[0].Config}
	return f
}

func TestRerun(t *testing.T) {
	f := earlier(5, 9, 7, 8, 6, 10, 11)
	f.Rows[1].Equal = new(false)
	f.Rows[5].Status = StatusFailed
	f.Rows[6].Equal = nil
	r, err := NewRerun("r.jsonl", f)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.SameModel("aa"); err != nil {
		t.Error(err)
	}
	if err := r.SameModel("cc"); err == nil || err.Error() != "r.jsonl measured another model, m" {
		t.Error(err)
	}
	if err := r.SameInput(Input{SHA256: "bb"}); err != nil {
		t.Error(err)
	}
	if err := r.SameInput(Input{SHA256: "cc"}); err == nil || !strings.Contains(err.Error(), "other inputs") {
		t.Error(err)
	}
	if p := r.Plan(Plan{Rounds: 3, Threads: []int{8}}); p.Rounds != 3 || len(p.Threads) != 2 || p.Providers[0] != "cpu" {
		t.Errorf("%+v", p)
	}

	var cells []Cell
	for _, row := range f.Rows {
		cells = append(cells, Cell{Config: row.Config})
	}
	only, err := r.Only(cells, ObjectiveThroughput)
	if err != nil || len(only) != rerunCells || only[0].Threads != 1 || only[1].Threads != 3 || only[2].Threads != 4 {
		t.Errorf("%v, %+v", err, only)
	}
	if len(cells) != 7 || cells[6].Threads != 7 {
		t.Error("the cells were changed")
	}
	if _, err := r.Only(cells[1:], ObjectiveThroughput); err == nil || !strings.Contains(err.Error(), "same flavors") {
		t.Error(err)
	}

	other := Config{Providers: "cpu", Threads: 3}
	for _, c := range []struct {
		verdict Verdict
		stands  bool
	}{
		{Verdict{}, false},
		{Verdict{Recommended: &r.Best}, true},
		{Verdict{Recommended: &other}, false},
		{Verdict{Recommended: &other, Ties: []Config{r.Best}}, true},
	} {
		if got := r.Stands(&c.verdict); got != c.stands {
			t.Errorf("%+v: %v", c.verdict, got)
		}
	}

	f.Verdict.Recommended = nil
	if _, err := NewRerun("r.jsonl", f); err == nil || !strings.Contains(err.Error(), "r.jsonl recommends no cell") {
		t.Error(err)
	}
}

func TestRanked(t *testing.T) {
	f := earlier(5, 9, 7)
	f.Rows[2].ThroughputS = nil
	ranked := Ranked(f.Rows, ObjectiveThroughput)
	if ranked[0].Threads != 2 || ranked[1].Threads != 1 || ranked[2].Threads != 3 || f.Rows[0].Threads != 1 {
		t.Errorf("%+v of %+v", ranked, f.Rows)
	}
}

// What is recommended comes with its settings.
func TestConclude(t *testing.T) {
	f := earlier(5)
	f.Rows[0].Status = StatusFailed
	if s := f.Conclude([]Cell{{Config: f.Rows[0].Config}}, ""); s != nil || f.Verdict.Recommended != nil {
		t.Errorf("%+v", s)
	}
	var rounds []Round
	for range 3 {
		rounds = append(rounds, Round{WallS: 1, Runs: 5, LatencyMS: []float64{200, 200}})
	}
	row := cell{Cell: Cell{Config: Config{Providers: "cpu", Threads: 2, Batch: 4}}, rounds: rounds}
	row.row = Row{Config: row.Config, Status: StatusOK, Equal: new(true), Unknown: map[string]string{}}
	f.Rows, f.Stages = []Row{row.finish()}, &Stages{}
	s := f.Conclude([]Cell{{}, row.Cell}, "/lib/x.so")
	if s == nil || s.Provider != "cpu" || s.Threads != 2 || s.ModelSHA256 != "aa" || s.P50 == nil || *s.P50 != 200 {
		t.Fatalf("%+v", s)
	}
	if f.Stages.RunMS == nil || *f.Stages.RunMS != 50 {
		t.Errorf("an image's run takes %v", f.Stages.RunMS)
	}
}
