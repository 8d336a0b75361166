package models

import (
	"slices"

	"ortho/preprocess"
)

// InputDims returns the sizes that the model's files, or flags, give to the open dimensions
// of a classifier's image input, by the dimensions' names; of the batch none does. What is
// not known is left out.
func (m *Model) InputDims() map[string]int64 {
	known := func(key string) bool {
		return slices.ContainsFunc(m.Facts, func(f Fact) bool { return f.Key == key && f.Source != "" })
	}
	sizes := map[string]int64{}
	if m.ports.image == nil || m.task.whole || !known("layout") {
		return sizes
	}
	in := m.ports.image.Spec
	shape := []int{in.Channels, in.Height, in.Width}
	stated := []bool{known("channels"), known("input-size"), known("input-size")}
	if in.Layout == preprocess.NHWC {
		shape, stated = append(shape[1:], in.Channels), append(stated[1:], known("channels"))
	}
	several := map[string]bool{}
	for _, v := range m.Graph.Inputs {
		if v.Name != m.ports.image.Name {
			continue
		}
		if len(v.Dims) != 4 {
			continue
		}
		for i, d := range v.Dims[1:] {
			size := int64(shape[i])
			if d.Fixed() || d.Name == "" || !stated[i] || d.Name == v.Dims[0].Name {
				continue
			}
			if other, ok := sizes[d.Name]; ok && other != size {
				several[d.Name] = true
			}
			sizes[d.Name] = size
		}
	}
	for name := range several { // one name for two sizes
		delete(sizes, name)
	}
	return sizes
}
