package bench

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ortho/runner/appear"
)

func TestLogContinues(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl.rounds")
	run := Run{Kind: KindRun, Model: Model{SHA256: "a"}, Plan: Plan{Rounds: 2, Threads: []int{1}}}
	l, err := CreateLog(path, run)
	if err != nil {
		t.Fatal(err)
	}
	c := Config{"cpu", "cpu", 1, 1, 2}
	peak := int64(7)
	if err := l.Add(c, Round{WallS: 1, Runs: 2, LatencyMS: []float64{3, 4}}, &peak); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(false); err != nil {
		t.Fatal(err)
	}
	// A crash cuts the last line off.
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"kind":"round","elapsed_s":9,"prov`)
	f.Close()

	l, err = ContinueLog(path, run)
	if err != nil {
		t.Fatal(err)
	}
	rounds, peaks, elapsed := l.Rounds()
	if len(rounds[c]) != 1 || rounds[c][0].LatencyMS[1] != 4 || peaks[c] != 7 || elapsed > time.Second {
		t.Errorf("rounds %v, peaks %v, elapsed %v", rounds, peaks, elapsed)
	}
	if err := l.Add(c, Round{WallS: 1, Runs: 1}, nil); err != nil {
		t.Fatal(err)
	}
	l.Close(false)
	if l, err = ContinueLog(path, run); err != nil {
		t.Fatal(err)
	}
	if rounds, _, _ := l.Rounds(); len(rounds[c]) != 2 {
		t.Errorf("%d rounds after the second run", len(rounds[c]))
	}
	l.Close(false)

	for name, change := range map[string]func(*Run){
		"another model":   func(r *Run) { r.Model.SHA256 = "b" },
		"other inputs":    func(r *Run) { r.Input.SHA256 = "b" },
		"other options":   func(r *Run) { r.Plan.Rounds = 3 },
		"other libraries": func(r *Run) { r.Libraries = []Library{{"cpu", "9", "x"}} },
	} {
		other := run
		change(&other)
		_, err := ContinueLog(path, other)
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
		if refused := (*ContinueError)(nil); !errors.As(err, &refused) || refused.Path != path {
			t.Errorf("%s: %#v", name, err)
		}
	}
}

// TestLogForeign: what has a log's name and is none stays, a link and what it leads to, too; a log
// that another process writes is not taken.
func TestLogForeign(t *testing.T) {
	run := Run{Kind: KindRun}
	opens := map[string]func(string, Run) (*Log, error){"create": CreateLog, "continue": ContinueLog}
	for what, text := range map[string]string{"text": "mine\n", "no newline": "mine", "JSON": "{}\n"} {
		for how, open := range opens {
			path := filepath.Join(t.TempDir(), "r.rounds")
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := open(path, run); !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), path) {
				t.Errorf("%s, %s: %v", how, what, err)
			}
			if data, err := os.ReadFile(path); err != nil || string(data) != text {
				t.Errorf("%s, %s: %q, %v", how, what, data, err)
			}
		}
	}
	for how, open := range opens {
		dir := t.TempDir()
		path, victim := filepath.Join(dir, "r.rounds"), filepath.Join(dir, "victim")
		if err := os.Symlink(victim, path); err != nil {
			t.Skip(err)
		}
		for _, text := range []string{"", `{"kind":"run"}` + "\n"} {
			if err := os.WriteFile(victim, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := open(path, run); !errors.Is(err, ErrForeign) {
				t.Errorf("%s: %v", how, err)
			}
			if data, err := os.ReadFile(victim); err != nil || string(data) != text {
				t.Errorf("%s: a link was followed: %q, %v", how, data, err)
			}
		}
		os.Remove(path)
		l, err := open(path, run)
		if err != nil {
			t.Fatal(err)
		}
		for again, open := range opens {
			if _, err := open(path, run); !errors.Is(err, appear.ErrHeld) {
				t.Errorf("%s, then %s: %v", how, again, err)
			}
		}
		if err := l.Close(false); err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(path, 0); err != nil { // as older versions left it
			t.Fatal(err)
		}
		if l, err = ContinueLog(path, run); err != nil {
			t.Fatal(err)
		}
		if err := l.Close(true); err != nil {
			t.Fatal(err)
		}
	}
}

func FuzzContinueLog(f *testing.F) {
	f.Add([]byte(`{"kind":"run"}` + "\n" + `{"kind":"round","elapsed_s":1,"providers":"cpu","round":{"wall_s":1}}` + "\n"))
	f.Add([]byte("{}"))
	f.Add([]byte{})
	path := filepath.Join(f.TempDir(), "log")
	f.Fuzz(func(t *testing.T, data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		l, err := ContinueLog(path, Run{Kind: KindRun})
		if err != nil {
			return
		}
		if err := l.Add(Config{}, Round{}, nil); err != nil {
			t.Fatal(err)
		}
		before, _, _ := l.Rounds()
		n := 0
		for _, r := range before {
			n += len(r)
		}
		l.Close(false)
		if l, err = ContinueLog(path, Run{Kind: KindRun}); err != nil {
			t.Fatalf("what was continued can't be again: %v", err)
		}
		after, _, _ := l.Rounds()
		m := 0
		for _, r := range after {
			m += len(r)
		}
		if l.Close(true); m != n+1 {
			t.Fatalf("%d rounds became %d", n, m)
		}
	})
}

// A run that is interrupted is continued with the rounds it had.
func TestResume(t *testing.T) {
	config := Config{"cpu", "", 1, 1, 1}
	s := testSweep(t, network, 1, config)
	config.Flavor = s.Cells[0].Flavor
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := map[Config][]Round{}
	s.Log = func(c Config, r Round, _ *int64) error {
		done[c] = append(done[c], r)
		cancel()
		return nil
	}
	if _, err := s.Measure(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("interrupted: %v", err)
	}
	if len(done[config]) != 1 {
		t.Fatalf("%d rounds before the interruption", len(done[config]))
	}
	s.Done, s.Log = done, nil
	s.Folder = t.TempDir()
	f, err := s.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r := f.Rows[0]; len(r.Rounds) != 3 || r.Rounds[0].WallS != done[config][0].WallS {
		t.Errorf("%d rounds, the first %+v", len(r.Rounds), r.Rounds[0])
	}
}

func FuzzProfile(f *testing.F) {
	f.Add(`[{"cat":"Session","name":"model_run","ts":1,"dur":2},{"cat":"Session","name":"model_run","ts":5,"dur":2},
{"cat":"Node","name":"a_kernel_time","ts":6,"dur":1,"args":{"op_name":"Conv","provider":"CPUExecutionProvider","node_index":"3"}}]`)
	f.Add(`[`)
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parseProfile(strings.NewReader(text))
		if err != nil {
			return
		}
		sum := 0.0
		for _, v := range p.Providers {
			sum += v.TimeShare
			if v.Nodes < 1 {
				t.Errorf("%+v", v)
			}
		}
		if len(p.Providers) == 0 || sum > 1.001 {
			t.Errorf("shares of %v providers sum up to %v", len(p.Providers), sum)
		}
	})
}
