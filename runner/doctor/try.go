package doctor

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"ortho/runner"
	"ortho/runner/library"
)

// outcome is a line of a child's output: what came of trying one provider.
type outcome struct {
	Error  string `json:"error,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// Serve is the child of [Providers]: it runs a small graph on each provider of the library,
// and writes a line of JSON for each. A try is PROVIDER or PROVIDER.KEY=VALUE. A process has
// one ONNX Runtime, and a driver may end it.
func Serve(ctx context.Context, library string, tries []string, out io.Writer) error {
	lines := json.NewEncoder(out)
	for _, try := range tries {
		if err := lines.Encode(outcomeOf(tryProvider(ctx, library, try))); err != nil {
			return err
		}
	}
	return nil
}

func outcomeOf(err error) outcome {
	var missing *library.MissingError
	switch {
	case err == nil:
		return outcome{}
	case errors.As(err, &missing):
		return outcome{missing.Library + ": " + missing.Reason, missing.Remedy}
	}
	return outcome{Error: err.Error()}
}

func tryProvider(ctx context.Context, path, try string) error {
	name, option, optioned := strings.Cut(try, ".")
	var options []string
	if optioned {
		options = []string{name + "." + option}
	}
	providers, err := runner.ParseProviders(name, options)
	if err != nil {
		return err
	}
	return runner.Try(ctx, path, providers[0])
}

// try tries each of the library's providers, the CPU first.
func (o Options) try(ctx context.Context, lib library.Found) []Provider {
	var states []Provider
	var tries []string
	add := func(provider string, options map[string]string, try string) {
		states = append(states, Provider{Provider: provider, Options: options, Library: lib.Path, Version: lib.Version, Flavor: lib.Flavor})
		tries = append(tries, try)
	}
	add(runner.CPU, nil, runner.CPU)
	var unsupported []string
	for _, p := range lib.Providers {
		switch {
		case p == runner.CPU:
		case !slices.Contains(runner.ProviderNames(), p):
			unsupported = append(unsupported, p)
		default:
			add(p, nil, p)
		}
		if p == "openvino" {
			for _, device := range openvinoDevices() {
				add(p, map[string]string{"device_type": device}, p+".device_type="+device)
			}
		}
	}
	for done := 0; done < len(tries) && ctx.Err() == nil; {
		outcomes, status, reason := o.ask(ctx, lib.Path, tries[done:])
		for _, answer := range outcomes {
			states[done].set(answer)
			done++
		}
		if done < len(tries) { // it ended while it tried this one
			states[done].Status, states[done].Reason = status, reason
			done++
		}
	}
	for _, p := range unsupported {
		states = append(states, Provider{Provider: p, Library: lib.Path, Version: lib.Version, Flavor: lib.Flavor,
			Status: Unsupported, Reason: "not supported by our binding, onnxruntime_go"})
	}
	return states
}

func (p *Provider) set(o outcome) {
	p.Available, p.Status, p.Reason, p.Remedy = o.Error == "", Failed, o.Error, o.Remedy
	if p.Available {
		p.Status = OK
	} else if p.Provider == "azure" {
		p.Reason = "it runs no graphs here: it calls models on Azure's servers"
	}
}

// openvinoDevices are those besides the CPU that the kernel shows. OpenVINO may still
// have no driver for them.
func openvinoDevices() []string {
	if runtime.GOOS != "linux" {
		return nil
	}
	var devices []string
	for _, d := range []struct{ pattern, name string }{{"/dev/dri/renderD*", "GPU"}, {"/dev/accel/accel*", "NPU"}} {
		if files, _ := filepath.Glob(d.pattern); len(files) > 0 {
			devices = append(devices, d.name)
		}
	}
	return devices
}

// ask tries the providers in a process of their own. Where it ends before the last one, status
// and reason say how.
func (o Options) ask(ctx context.Context, path string, tries []string) (outcomes []outcome, status Status, reason string) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := o.Command(ctx, path, tries)
	cmd.WaitDelay = time.Second
	var said head
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, Failed, err.Error()
	}
	if err := cmd.Start(); err != nil {
		return nil, Failed, err.Error()
	}
	timer := time.AfterFunc(o.Timeout, cancel)
	lines := bufio.NewScanner(stdout) // of up to 64 KiB
	for len(outcomes) < len(tries) && lines.Scan() {
		var answer outcome
		if json.Unmarshal(lines.Bytes(), &answer) != nil {
			continue // a library that writes to standard output
		}
		outcomes = append(outcomes, answer)
		timer.Reset(o.Timeout)
	}
	hung := !timer.Stop()
	cancel() // in case it did not end by itself
	err = cmd.Wait()
	if hung {
		return outcomes, Hung, fmt.Sprintf("no answer in %v", o.Timeout)
	}
	reason = "its process ended too early"
	if err != nil && !errors.Is(err, context.Canceled) { // Wait returns it even if the process has ended well
		reason = err.Error()
	}
	if text := said.text(); text != "" {
		reason += ": " + text
	}
	return outcomes, Crashed, reason
}

// head keeps the beginning of what is written to it: a crash says first what it is.
type head []byte

func (h *head) Write(p []byte) (int, error) {
	*h = append(*h, p[:min(len(p), 2000-len(*h))]...)
	return len(p), nil
}

// text is the first line, and a second where it says what the first one means.
func (h head) text() string {
	var lines []string
	for line := range strings.Lines(string(h)) {
		if line = strings.TrimSpace(line); line != "" && len(lines) < 2 {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}
