package config

import "fmt"

// spread is placed for forms in which gaps are usual, such as TensorFlow's label maps.
func spread(entries []entry) (LabelList, error) {
	if list, ok := spaced(entries, 16*len(entries)+1024); ok {
		return list, nil
	}
	return placed(entries, true)
}

// spaced puts labels where their indices say, of which last is the highest that may be; classes of
// other indices have no name. ok is false where there are no gaps, or an index stands there twice.
func spaced(entries []entry, last int) (list LabelList, ok bool) {
	highest, lowest := 0, MaxClasses
	seen := make(map[int]bool, len(entries))
	for _, e := range entries {
		if e.index < 0 || e.index > last || seen[e.index] {
			return list, false
		}
		seen[e.index] = true
		highest, lowest = max(highest, e.index), min(lowest, e.index)
	}
	if highest-lowest+1 == len(entries) && lowest <= 1 || len(entries) == 0 {
		return list, false
	}
	list.Labels = make([]Label, highest+1)
	for _, e := range entries {
		list.Labels[e.index] = e.label
	}
	list.Note = fmt.Sprintf("its indices have gaps: of the classes from 0 to %d, %d have no name", highest, highest+1-len(entries))
	return list, true
}
