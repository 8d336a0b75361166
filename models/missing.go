package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// gap is something that nothing states: what it is about, the flags to give, settings
// that would do, as pairs of key and value, and what these are, where the message says so.
type gap struct {
	about, give string
	example     []string
	note        string
}

// gap notes that nothing states a key.
func (r *resolver) gap(key, about, give string, example ...string) {
	r.missing = append(r.missing, gap{about, give, example, ""})
	r.fact(key, "missing: give "+give, "")
}

// contradiction notes that two sources disagree about a key, and a value that settles it.
func (r *resolver) contradiction(key, value, format string, args ...any) {
	r.wrong(key, value, format+": give --"+key, args...)
}

// wrong notes what stands against running the model, and a setting that settles it; value
// "" stands for leaving out what a flag has stated.
func (r *resolver) wrong(key, value, format string, args ...any) {
	r.remedies = append(r.remedies, key, value)
	r.fail(format, args...)
	r.settled++
}

// unfit notes that the graph is not of the task's kind: no setting helps.
func (r *resolver) unfit(format string, args ...any) {
	r.unfits = append(r.unfits, fmt.Errorf(format, args...))
}

// notice notes something that is done as stated, though it may not be meant.
func (r *resolver) notice(format string, args ...any) {
	r.notices = append(r.notices, fmt.Sprintf(format, args...))
}

// normalised is what a gap in mean or std is about.
const normalised = "how its pixels are normalised"

// err joins all that stands against running the model: all that is missing in one message,
// with a command line and an ortho.json that would give it, where that would run.
func (r *resolver) err() error {
	if len(r.unfits) > 0 {
		return errors.Join(r.unfits...)
	}
	errs := slices.Clone(r.errs)
	if len(r.missing) > 0 {
		about := make([]string, len(r.missing))
		for i, m := range r.missing {
			about[i] = m.about
		}
		text := fmt.Sprintf("%s does not say %s: give %s", r.name, strings.Join(about, ", nor "), toGive(r.missing))
		if slices.Contains(about, normalised) {
			text += ", or --preset NAME"
		}
		for _, l := range r.layers {
			if l.Problem != nil {
				text += fmt.Sprintf(" (%s: %v)", l.Source, l.Problem)
			}
		}
		errs = append(errs, errors.New(text))
	}
	values := slices.ContainsFunc(slices.Collect(slices.Chunk(r.remedies, 2)), func(pair []string) bool { return pair[1] != "" })
	if (len(r.missing) > 0 || values) && len(r.errs) == r.settled {
		errs = append(errs, errors.New(r.examples()))
	}
	return errors.Join(errs...)
}

// toGive lists the flags that fill gaps; what is usual for several is said once.
func toGive(gaps []gap) string {
	var b strings.Builder
	for i, g := range gaps {
		if i > 0 {
			and := " and "
			if strings.Contains(gaps[i-1].give+g.give, and) || strings.Contains(gaps[i-1].give+g.give, " or --") {
				and = "; "
			}
			b.WriteString(and)
		}
		flag, usual, _ := strings.Cut(g.give, " (")
		if i+1 < len(gaps) && usual != "" && strings.HasSuffix(gaps[i+1].give, " ("+usual) {
			b.WriteString(flag)
		} else {
			b.WriteString(g.give)
		}
	}
	return b.String()
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
