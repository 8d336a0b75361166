package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/term"
	"ortho/runner"
	"ortho/runner/library"
)

// tryTimeout is how long a provider may take: TensorRT builds an engine first.
var tryTimeout = time.Minute

// outcome is a line of the child's output: how one provider fared.
type outcome struct {
	Error  string `json:"error,omitempty"`
	Remedy string `json:"remedy,omitempty"`
}

// newTryProvidersCommand is the child: a process has one ONNX Runtime, and a driver may
// end it.
func newTryProvidersCommand() *cli.Command {
	return &cli.Command{
		Name:      "try-providers",
		Usage:     "run a small graph on providers; a line of JSON for each, for doctor",
		ArgsUsage: "PROVIDER[.KEY=VALUE]...",
		Hidden:    true,
		Flags:     []cli.Flag{libraryFlag()},
		Action: func(c *cli.Context) error {
			lines := json.NewEncoder(c.App.Writer)
			for _, arg := range c.Args().Slice() {
				var o outcome
				if err := tryProvider(c.Context, c.String("onnxruntime"), arg); err != nil {
					o.Error = err.Error()
					var missing *library.MissingError
					if errors.As(err, &missing) {
						o = outcome{missing.Library + ": " + missing.Reason, missing.Remedy}
					}
				}
				if err := lines.Encode(o); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func tryProvider(ctx context.Context, path, arg string) error {
	name, option, optioned := strings.Cut(arg, ".")
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

// tryLibrary tries each of the library's providers, the CPU first.
func tryLibrary(ctx context.Context, lib library.Found) []providerState {
	var states []providerState
	var args []string
	add := func(provider string, options map[string]string, arg string) {
		states = append(states, providerState{Provider: provider, Options: options, Library: lib.Path, Version: lib.Version, Flavor: lib.Flavor})
		args = append(args, arg)
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
	for done := 0; done < len(args) && ctx.Err() == nil; {
		outcomes, state, reason := tryChild(ctx, lib.Path, args[done:])
		for _, o := range outcomes {
			states[done].judge(o)
			done++
		}
		if done < len(args) { // it ended while it tried this one
			states[done].Status, states[done].Reason = state, reason
			done++
		}
	}
	for _, p := range unsupported {
		states = append(states, providerState{Provider: p, Library: lib.Path, Version: lib.Version, Flavor: lib.Flavor,
			Status: stateUnsupported, Reason: "not supported by our binding, onnxruntime_go"})
	}
	return states
}

func (s *providerState) judge(o outcome) {
	s.Available, s.Status, s.Reason, s.Remedy = o.Error == "", stateFailed, o.Error, o.Remedy
	if s.Available {
		s.Status = stateOK
	} else if s.Provider == "azure" {
		s.Reason = "it runs no graphs here: it calls models on Azure's servers"
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

// tryChild tries the providers in a process of their own. Where it ends before the last
// one, state and reason tell how.
func tryChild(ctx context.Context, path string, args []string) (outcomes []outcome, state, reason string) {
	self, err := os.Executable()
	if err != nil {
		return nil, stateFailed, err.Error()
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cmd := exec.CommandContext(ctx, self, append([]string{"try-providers", "--onnxruntime", path}, args...)...)
	cmd.WaitDelay = time.Second
	var said head
	cmd.Stderr = &said
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, stateFailed, err.Error()
	}
	if err := cmd.Start(); err != nil {
		return nil, stateFailed, err.Error()
	}
	timer := time.AfterFunc(tryTimeout, cancel)
	lines := bufio.NewScanner(stdout) // of up to 64 KiB
	for len(outcomes) < len(args) && lines.Scan() {
		var o outcome
		if json.Unmarshal(lines.Bytes(), &o) != nil {
			continue // a library that writes to standard output
		}
		outcomes = append(outcomes, o)
		timer.Reset(tryTimeout)
	}
	hung := !timer.Stop()
	cancel() // where it did not end by itself
	err = cmd.Wait()
	if hung {
		return outcomes, stateHung, fmt.Sprintf("no answer in %v", tryTimeout)
	}
	reason = "its process ended too early"
	if err != nil {
		reason = err.Error()
	}
	if text := said.text(); text != "" {
		reason += ": " + text
	}
	return outcomes, stateCrashed, reason
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
		if line = strings.TrimSpace(term.Clean(line)); line != "" && len(lines) < 2 {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, " ")
}
