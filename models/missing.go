package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ortho/models/config"
)

// Gap is something that nothing states, and without which the model can't be run.
type Gap struct {
	About    string   // what it is, as "how its pixels are normalised"
	Settings []string // the keys of those that fill it: all of them, or any one
	Any      bool     // one is enough
	Perhaps  bool     // the input's range may have to be stated as well
	Usual    string   // values that most graphs have, if there are such
	File     bool     // a setting's value is a file's name
	Value    string   // of the setting, where another would not fill the gap

	Example []config.Given // settings that would do, such as usual ones
	Note    config.Text    // what they are, if it is to be told
}

// give is what fills the gap, in words.
func (g *Gap) give(name func(string) string) string {
	names := make([]string, len(g.Settings))
	for i, key := range g.Settings {
		names[i] = name(key)
	}
	and := " and "
	if g.Any {
		and = " or "
	}
	text := strings.Join(names, and)
	switch {
	case g.Value != "":
		text += " " + g.Value
	case g.File:
		text += " FILE"
	case g.Perhaps:
		text += " (and " + name("input-range") + " if pixels are not scaled to 0-1)"
	case g.Usual != "":
		text += " (most graphs: " + g.Usual + ")"
	}
	return text
}

// UnsettledError is all that stands against running a model, at once: what nothing states,
// and what is stated and can't be.
type UnsettledError struct {
	Model   string
	Causes  []error  // what is stated and can't be
	Gaps    []Gap    // what nothing states
	Unread  []string // what keeps files beside the model from stating it
	Example *Example // settings that would do; nil where none are known
}

func (e *UnsettledError) Error() string   { return e.Worded(plain) }
func (e *UnsettledError) Unwrap() []error { return e.Causes }

// Worded is the error's text with settings called as name has them. What Causes say is in
// it as it is.
func (e *UnsettledError) Worded(name func(setting string) string) string {
	var parts []string
	for _, cause := range e.Causes {
		parts = append(parts, cause.Error())
	}
	if len(e.Gaps) > 0 {
		parts = append(parts, e.missing(name))
	}
	if e.Example != nil {
		parts = append(parts, e.Example.Worded(name))
	}
	return strings.Join(parts, "\n")
}

// missing tells of all gaps in one sentence.
func (e *UnsettledError) missing(name func(string) string) string {
	about := make([]string, len(e.Gaps))
	for i, g := range e.Gaps {
		about[i] = g.About
	}
	text := fmt.Sprintf("%s does not say %s: give %s", e.Model, strings.Join(about, ", nor "), toGive(e.Gaps, name))
	if slices.Contains(about, normalised) {
		text += ", or " + name("preset") + " NAME"
	}
	for _, unread := range e.Unread {
		text += " (" + unread + ")"
	}
	return text
}

// toGive lists the settings that fill gaps; what is usual for several is said once.
func toGive(gaps []Gap, name func(string) string) string {
	var b strings.Builder
	for i, g := range gaps {
		switch {
		case i > 0 && len(gaps[i-1].Settings)+len(g.Settings) > 2:
			b.WriteString("; ")
		case i > 0:
			b.WriteString(" and ")
		}
		if i+1 < len(gaps) && gaps[i+1].Usual == g.Usual {
			g.Usual = ""
		}
		b.WriteString(g.give(name))
	}
	return b.String()
}

func plain(setting string) string { return setting }

// lacks notes that nothing states a key.
func (r *resolver) lacks(key string, g Gap) {
	r.gaps = append(r.gaps, g)
	r.factWorded(key, func(name func(string) string) string { return "missing: give " + g.give(name) })
}

// gap notes that nothing states a key, with the settings of which any one fills it and a value
// of the first.
func (r *resolver) gap(key, about, example string, settings ...string) {
	r.lacks(key, Gap{About: about, Settings: settings, Any: true, Example: one(settings[0], example)})
}

// contradiction notes that two sources disagree about a key, and a value that settles it.
func (r *resolver) contradiction(key, value, format string, args ...any) {
	r.wrong(key, value, format+": give %s", append(args, config.Key(key))...)
}

// wrong notes what stands against running the model, and a setting that settles it; value
// "" stands for leaving out what the user has stated.
func (r *resolver) wrong(key, value, format string, args ...any) {
	r.remedies = append(r.remedies, config.Given{Key: key, Value: value})
	r.fail(format, args...)
	r.settled++
}

// unfit notes that the graph is not of the task's kind: no setting helps.
func (r *resolver) unfit(format string, args ...any) {
	r.unfits = append(r.unfits, fmt.Errorf(format, args...))
}

// notice notes something that is done as stated, or assumed, though it may not be meant.
// Arguments of type [config.Key] are settings that say otherwise.
func (r *resolver) notice(format string, args ...any) {
	r.notices = append(r.notices, config.Textf(format, args...))
}

// normalised is what a gap in mean or std is about.
const normalised = "how its pixels are normalised"

// err is all that stands against running the model, with an example that settles it where
// that would run.
func (r *resolver) err() error {
	if len(r.unfits) > 0 {
		return errors.Join(r.unfits...)
	}
	if len(r.errs) == 0 && len(r.gaps) == 0 {
		return nil
	}
	e := &UnsettledError{Model: r.name, Causes: slices.Clone(r.errs), Gaps: r.gaps}
	if len(r.gaps) > 0 {
		for _, l := range r.layers {
			if l.Problem != nil {
				e.Unread = append(e.Unread, fmt.Sprintf("%s: %v", l.Source, l.Problem))
			}
		}
	}
	values := slices.ContainsFunc(r.remedies, func(g config.Given) bool { return g.Value != "" })
	if (len(r.gaps) > 0 || values) && len(r.errs) == r.settled {
		e.Example = r.example()
	}
	return e
}

// many is a number of things in words; n is a number or its text.
func many(n any, unit string) string {
	text := fmt.Sprint(n) + " " + unit
	switch {
	case strings.HasPrefix(text, "1 "):
		return text
	case strings.HasSuffix(unit, "s"):
		return text + "es"
	}
	return text + "s"
}
