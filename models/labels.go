package models

import (
	"fmt"

	"ortho/models/config"
)

// stateLabels settles the labels of n classes (0: not known), and tells what was assumed of them;
// see [config.LabelList.Fitted].
func (r *resolver) stateLabels(stated config.Stated[config.LabelList], n int) []Label {
	list := stated.Value.Fitted(n)
	labels := list.Labels
	text := fmt.Sprintf("%d, from %q to %q", len(labels), labels[0].Name, labels[len(labels)-1].Name)
	if list.Form != "" {
		text += " (" + list.Form + ")"
	}
	if list.Note != "" {
		text += "; " + list.Note
		r.notice("%s: %s", stated.Source, list.Note)
	}
	r.fact("labels", text, stated.Source)
	r.labels = labels
	return labels
}
