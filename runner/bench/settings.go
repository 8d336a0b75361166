package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ortho/runner"
	"ortho/runner/exact"
	"ortho/runner/library"
)

// Settings are those of a cell that was recommended, as they are kept for later runs of the
// model.
type Settings struct {
	Kind            string   `json:"kind"` // settingsKind
	Model           string   `json:"model"`
	ModelSHA256     string   `json:"model_sha256"`
	CPU             string   `json:"cpu"`
	Provider        string   `json:"provider"` // in order of preference: "cuda,cpu"
	ProviderOptions []string `json:"provider_options"`
	CustomOps       []string `json:"custom_ops,omitempty"`
	Threads         int      `json:"threads"` // 0: the provider's choice
	Batch           int      `json:"batch"`
	Concurrency     int      `json:"concurrency"`
	ONNXRuntime     string   `json:"onnxruntime"`       // version that was measured
	Library         string   `json:"library,omitempty"` // path, where it is not the one that the provider finds
	ThroughputS     *float64 `json:"throughput_per_s"`  // as measured
	P50             *float64 `json:"latency_ms_p50"`    // as measured
	Objective       string   `json:"objective"`
}

const (
	settingsKind = "ortho settings"
	maxSettings  = 1 << 20
)

// settingsOf are the settings of the recommended cell.
func settingsOf(f *File, cell Cell, explicit string) Settings {
	s := Settings{
		Kind: settingsKind, Model: f.Run.Model.Name, ModelSHA256: f.Run.Model.SHA256, CPU: f.Run.Machine.CPUModel, Objective: f.Run.Plan.Objective,
		Provider: strings.ReplaceAll(cell.Providers, "+", ","), ProviderOptions: []string{}, CustomOps: f.Run.Plan.CustomOps,
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

// Values yields the names of what is set and its values. provider-option may come several
// times; what is left to the provider does not come.
func (s Settings) Values() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		if !yield("provider", s.Provider) {
			return
		}
		for _, o := range s.ProviderOptions {
			if !yield("provider-option", o) {
				return
			}
		}
		for _, file := range s.CustomOps {
			if !yield("custom-ops", file) {
				return
			}
		}
		for _, n := range []struct {
			name  string
			value int
		}{{"threads", s.Threads}, {"batch", s.Batch}, {"concurrency", s.Concurrency}} {
			if n.value > 0 && !yield(n.name, strconv.Itoa(n.value)) {
				return
			}
		}
		if s.Library != "" {
			yield("onnxruntime", s.Library)
		}
	}
}

// Write writes the settings as [ParseSettings] reads them.
func (s Settings) Write(w io.Writer) error {
	text, err := json.MarshalIndent(exact.Value(s), "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// NotSettingsError says why a text is no settings.
type NotSettingsError struct{ Err error }

func (e NotSettingsError) Error() string { return "no saved settings: " + e.Err.Error() }
func (e NotSettingsError) Unwrap() error { return e.Err }

// ParseSettings reads what [Settings.Write] has written. Something else is a
// [NotSettingsError]; values that are out of range are errors, too.
func ParseSettings(r io.Reader) (s Settings, err error) {
	text, err := io.ReadAll(io.LimitReader(r, maxSettings+1))
	switch {
	case err != nil:
		return s, err
	case len(text) > maxSettings:
		return s, fmt.Errorf("more than %d bytes", maxSettings)
	}
	if err := exact.Unmarshal(text, &s); err != nil {
		return s, NotSettingsError{err}
	}
	switch {
	case s.Kind != settingsKind:
		return s, NotSettingsError{fmt.Errorf("kind is %q, not %q", s.Kind, settingsKind)}
	case s.Threads < 0 || s.Threads > 4096 || s.Batch < 0 || s.Batch > 4096 || s.Concurrency < 0 || s.Concurrency > 4096:
		return s, errors.New("threads, batch and concurrency are from 0 to 4096")
	}
	if _, err := runner.ParseProviders(s.Provider, s.ProviderOptions); err != nil {
		return s, err
	}
	return s, nil
}
