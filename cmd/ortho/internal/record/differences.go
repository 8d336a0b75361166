package record

import "slices"

// Differences lists why the rows of two runs don't belong together, a line each: neither of which
// inputs they are nor how they are written matters, nor what was made beside them.
func Differences(a, b *Record) []string {
	one, other := *a, *b
	for _, r := range []*Record{&one, &other} {
		r.Inputs, r.Beside = nil, nil
		r.Settings = slices.DeleteFunc(slices.Clone(r.Settings), func(s Setting) bool { return s.Key == "shard" || s.Key == "format" })
	}
	return one.differences(&other, false)
}
