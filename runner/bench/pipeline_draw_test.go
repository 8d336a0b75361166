package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

const drawVariable = "ORTHO_TEST_DRAW" // has the test's program be a process that draws

// drawn is what the test's program draws, by the request's prompt.
func drawn(ctx context.Context, r DrawRequest) (*DrawAnswer, error) {
	switch r.Image.Prompt {
	case "nothing":
		return &DrawAnswer{}, nil
	case "never":
		<-ctx.Done()
	case "too large":
		return nil, errors.New("it is too large")
	}
	return &DrawAnswer{Image: r.Image, Parts: []PartUse{{Name: "unet", Runs: r.Threads}}}, nil
}

func TestDraw(t *testing.T) {
	command := func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), drawVariable+"=1")
		return cmd
	}
	d, err := Draw(t.Context(), command(), DrawRequest{Image: Image{Prompt: "a fox"}, Threads: 3})
	if err != nil || d.Image.Prompt != "a fox" || len(d.Parts) != 1 || d.Parts[0].Runs != 3 {
		t.Errorf("%+v, %v", d, err)
	}
	for prompt, want := range map[string]string{"nothing": "without a run of any part", "too large": "it is too large"} {
		if _, err := Draw(t.Context(), command(), DrawRequest{Image: Image{Prompt: prompt}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", prompt, err)
		}
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 100*time.Millisecond, enough)
	defer cancel()
	if _, err := Draw(ctx, command(), DrawRequest{Image: Image{Prompt: "never"}}); !errors.Is(err, enough) {
		t.Errorf("interrupted: %v", err)
	}
}

// The budget goes to the parts by what their runs take, and to each of them enough to open.
func TestResults(t *testing.T) {
	d := &DrawAnswer{Image: Image{Prompt: "a fox"}, Parts: []PartUse{{Name: "text_encoder", Runs: 2, TookMS: 10}, {Name: "unet", Runs: 20, TookMS: 50, Fixed: true}, {Name: "vae_decoder", Runs: 1, TookMS: 40}}}
	for _, c := range []struct {
		budget float64
		spent  time.Duration
		want   string
	}{
		{0, time.Minute, "text_encoder 0 unet 0 vae_decoder 0"},
		{135, 20 * time.Second, "text_encoder 10.9 unet 77.2 vae_decoder 26.9"},
		{10, 4 * time.Second, "text_encoder 2 unet 2 vae_decoder 2"},
		{10, time.Minute, "text_encoder 0.3 unet 0.3 vae_decoder 0.3"},
	} {
		p := d.Results(Plan{BudgetS: c.budget}, c.spent)
		var got []string
		for _, part := range p.Parts {
			got = append(got, fmt.Sprint(part.Name, " ", part.BudgetS))
		}
		if got := strings.Join(got, " "); got != c.want {
			t.Errorf("%v s after %v: %s, want %s", c.budget, c.spent, got, c.want)
		}
		if p.Kind != KindPipeline || p.Image.Prompt != "a fox" || !p.Parts[1].Fixed || p.Parts[1].Runs != 20 || p.Parts[1].File != "unet.jsonl" || p.Parts[1].Results != nil {
			t.Errorf("%+v", p)
		}
	}
}

func TestNewDrawRequest(t *testing.T) {
	r, err := NewDrawRequest(Plan{Providers: []string{"cuda+cpu", "cpu"}, ProviderOptions: []string{"cuda.device_id=1"}, Threads: []int{1, 4096}, BudgetS: 8})
	if err != nil || len(r.Providers) != 2 || r.Providers[0].Options["device_id"] != "1" || r.Threads < 1 || r.Threads == 4096 || r.LimitS != 2 {
		t.Errorf("%+v, %v", r, err)
	}
	if _, err := NewDrawRequest(Plan{Providers: []string{"gpu"}, Threads: []int{1}}); err == nil {
		t.Error("a provider that does not exist")
	}
}
