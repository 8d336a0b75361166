package models

import (
	"ortho/models/config"
	"ortho/runner/onnx"
)

// resolver settles every value of a model: the first layer that states one
// wins, and the graph itself has the last word on what can't be otherwise.
type resolver struct {
	name   string
	given  string // what it was opened by
	by     string // the exporter
	graph  *onnx.Graph
	alone  bool // no files beside it are read
	flags  Settings
	layers config.Layers // by precedence
	task   *task
	ports
	inputAt  config.Size // what an input is resized to: its own size where that is fixed
	facts    []Fact
	words    map[int]func(name func(string) string) string // the values of facts that name settings
	gaps     []Gap
	errs     []error
	remedies []config.Given // settings that settle some of errs
	settled  int            // how many of errs
	unfits   []error        // what no setting settles
	notices  []config.Text
}

func (r *resolver) fact(key, value, source string) {
	r.facts = append(r.facts, Fact{key, value, source})
}

// factWorded notes a fact that nothing states, of which the value names settings.
func (r *resolver) factWorded(key string, value func(name func(string) string) string) {
	if r.words == nil {
		r.words = map[int]func(func(string) string) string{}
	}
	r.words[len(r.facts)] = value
	r.fact(key, value(plain), "")
}

func (r *resolver) fail(format string, args ...any) {
	r.errs = append(r.errs, config.Errorf(format, args...))
}

// noted notes a value as a fact, and returns it.
func noted[T any](r *resolver, k config.Setting[T], s config.Stated[T]) T {
	r.fact(k.Name(), s.Text, s.Source)
	return s.Value
}

// settled returns a value as it is stated, or its default, and notes it as a fact.
func settled[T any](r *resolver, k config.Setting[T], byDefault T) T {
	s, ok := k.Find(r.layers)
	if !ok {
		s = k.Of(byDefault, "default")
	}
	return noted(r, k, s)
}

// run resolves everything.
func (r *resolver) run() {
	if s, ok := config.Preset.Find(r.layers); ok {
		noted(r, config.Preset, s)
	}
	r.task = r.settleTask()
	r.task.resolve(r)
	r.settleRepeats()
}
