package models

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// gap is something that nothing states: what it is about, and the flags to give.
type gap struct{ about, give string }

func (r *resolver) gap(key, about, give string) {
	r.missing = append(r.missing, gap{about, give})
	r.fact(key, "missing: give "+give, "")
}

// err joins all that stands against running the model.
func (r *resolver) err() error {
	errs := slices.Clone(r.errs)
	if len(r.missing) > 0 {
		about := make([]string, len(r.missing))
		for i, m := range r.missing {
			about[i] = m.about
		}
		text := fmt.Sprintf("%s does not say %s: give %s", r.name, strings.Join(about, ", nor "), toGive(r.missing))
		if slices.ContainsFunc(r.missing, func(m gap) bool { return m.about == "how its pixels are normalised" }) {
			text += ", or --preset NAME"
		}
		for _, l := range r.layers {
			if l.problem != nil {
				text += fmt.Sprintf(" (%s: %v)", l.source, l.problem)
			}
		}
		errs = append(errs, errors.New(text))
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
