package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/library"
	"ortho/runner/machine"
)

// savedSettings is what bench run --save-settings writes and classify --settings uses.
type savedSettings struct {
	Kind            string   `json:"kind"` // settingsKind
	Model           string   `json:"model"`
	ModelSHA256     string   `json:"model_sha256"`
	CPU             string   `json:"cpu"`
	Provider        string   `json:"provider"` // as -p takes it
	ProviderOptions []string `json:"provider_options"`
	Threads         int      `json:"threads"` // 0: the provider's choice
	Batch           int      `json:"batch"`
	Concurrency     int      `json:"concurrency"`
	ONNXRuntime     string   `json:"onnxruntime"`       // version that was measured
	Library         string   `json:"library,omitempty"` // path, where it is not the one that -p finds
	ThroughputS     *float64 `json:"throughput_per_s"`  // as measured
	P50             *float64 `json:"latency_ms_p50"`    // as measured
	Objective       string   `json:"objective"`
}

const (
	settingsKind = "ortho settings"
	maxSettings  = 1 << 20
)

// settingsOf are the settings of the recommended cell.
func settingsOf(f *bench.File, cell bench.Cell, explicit string) savedSettings {
	s := savedSettings{
		Kind: settingsKind, Model: f.Run.Model.Name, ModelSHA256: f.Run.Model.SHA256, CPU: f.Run.Machine.CPUModel, Objective: f.Run.Plan.Objective,
		Provider: strings.ReplaceAll(cell.Providers, "+", ","), ProviderOptions: []string{},
		Threads: cell.Threads, Batch: cell.Batch, Concurrency: cell.Concurrency, ONNXRuntime: cell.Library.Version,
	}
	var names []string
	for _, p := range cell.List {
		names = append(names, p.Name)
		for _, key := range slices.Sorted(maps.Keys(p.Options)) {
			s.ProviderOptions = append(s.ProviderOptions, p.Name+"."+key+"="+p.Options[key])
		}
	}
	if found, err := library.FindFor("", names); explicit != "" || err != nil || found.Path != cell.Library.Path {
		s.Library = cell.Library.Path
	}
	for _, r := range f.Rows {
		if r.Config == cell.Config && r.LatencyMS != nil {
			s.ThroughputS, s.P50 = r.ThroughputS, &r.LatencyMS.P50
		}
	}
	return s
}

// values are the flags of classify, by name, that say the same.
func (s savedSettings) values() [][2]string {
	v := [][2]string{{"provider", s.Provider}}
	for _, o := range s.ProviderOptions {
		v = append(v, [2]string{"provider-option", o})
	}
	for _, n := range []struct {
		name  string
		value int
	}{{"threads", s.Threads}, {"batch", s.Batch}, {"concurrency", s.Concurrency}} {
		if n.value > 0 {
			v = append(v, [2]string{n.name, strconv.Itoa(n.value)})
		}
	}
	if s.Library != "" {
		v = append(v, [2]string{"onnxruntime", s.Library})
	}
	return v
}

// flags are the settings as they are typed.
func (s savedSettings) flags() string {
	args := []string{""}
	for _, v := range s.values() {
		args = append(args, "--"+v[0], v[1])
	}
	return strings.TrimPrefix(commandLineOf(args), "ortho ")
}

func writeSettings(w io.Writer, s savedSettings) error {
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

func readSettings(path string) (s savedSettings, err error) {
	f, err := os.Open(path)
	if err != nil {
		return s, fmt.Errorf("settings: %w", err)
	}
	defer f.Close()
	if s, err = parseSettings(f); err != nil {
		return s, fmt.Errorf("settings %s: %w", path, err)
	}
	return s, nil
}

func parseSettings(r io.Reader) (s savedSettings, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSettings+1))
	switch {
	case err != nil:
		return s, err
	case len(text) > maxSettings:
		return s, fmt.Errorf("more than %d bytes", maxSettings)
	}
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("not the settings that bench run --save-settings writes: %w", err)
	}
	switch {
	case s.Kind != settingsKind:
		return s, fmt.Errorf("not the settings that bench run --save-settings writes: kind is %q, not %q", s.Kind, settingsKind)
	case s.Threads < 0 || s.Threads > 4096 || s.Batch < 0 || s.Batch > 4096 || s.Concurrency < 0 || s.Concurrency > 4096:
		return s, errors.New("threads, batch and concurrency are from 0 to 4096")
	}
	if _, err := runner.ParseProviders(s.Provider, s.ProviderOptions); err != nil {
		return s, err
	}
	return s, nil
}

// applySettings gives the flags that were not typed the values of --settings FILE. Those
// that the command does not have are left out.
func applySettings(c *cli.Context) error {
	if !c.IsSet("settings") {
		return nil
	}
	s, err := readSettings(c.String("settings"))
	if err != nil {
		return err
	}
	typed := map[string]bool{}
	for _, v := range s.values() {
		typed[v[0]] = c.IsSet(v[0])
	}
	for _, v := range s.values() {
		// Options and a library belong to the provider that they were saved with.
		if findFlag(c.Command.Flags, v[0]) == nil || typed[v[0]] || typed["provider"] && (v[0] == "provider-option" || v[0] == "onnxruntime") {
			continue
		}
		if err := c.Set(v[0], v[1]); err != nil {
			return fmt.Errorf("settings %s: %s: %w", c.String("settings"), v[0], err)
		}
	}
	return nil
}

// checkSettings warns where --settings were measured with another model or on another
// CPU than this run's.
func checkSettings(c *cli.Context, m *models.Model) {
	if !c.IsSet("settings") {
		return
	}
	s, err := readSettings(c.String("settings"))
	if err != nil {
		return // applySettings has told
	}
	if digest, err := modelDigest(m); err == nil && digest != s.ModelSHA256 {
		slog.Warn(fmt.Sprintf("the settings were measured with another model, %s: `ortho bench run` measures this one", s.Model))
	}
	if cpu := machine.Read().CPUModel; cpu != s.CPU {
		slog.Warn(fmt.Sprintf("the settings were measured on another CPU, %s: `ortho bench run` measures this one", s.CPU))
	}
}
