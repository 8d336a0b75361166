package config

import (
	"errors"
	"fmt"
	"strings"

	"ortho/preprocess"
)

// isUltralytics reports whether the graph's metadata is Ultralytics'.
func isUltralytics(metadata map[string]string) bool {
	return metadata["task"] != "" && metadata["names"] != "" &&
		strings.Contains(metadata["author"]+metadata["description"], "Ultralytics")
}

// ultralyticsSettings reads the metadata of an Ultralytics classifier: the short
// edge bilinear to imgsz, a centre crop, values 0-1, as its classify_transforms
// do. Softmax is in the graph.
func ultralyticsSettings(metadata map[string]string) (s Settings, err error) {
	if task := metadata["task"]; task != "classify" {
		return s, fmt.Errorf("task: the model does %q, not classify", task)
	}
	names, err := parseLiteral(metadata["names"])
	if err != nil {
		return s, fmt.Errorf("names: %w", err)
	}
	labels, err := namesOf(names)
	if err != nil {
		return s, fmt.Errorf("names: %w", err)
	}
	s.putLabels(labels, "")
	input, err := parseLiteral(metadata["imgsz"])
	if err != nil {
		return s, fmt.Errorf("imgsz: %w", err)
	}
	at, err := sizeOf(input)
	if err != nil {
		return s, fmt.Errorf("imgsz: %w", err)
	}
	resize := at.String()
	if at.Height == at.Width {
		resize = fmt.Sprint(at.Height)
	}
	const loader = "Ultralytics' classify_transforms"
	for _, k := range [][3]string{{"input-size", at.String(), ""}, {"resize", resize, loader + ", of the metadata's imgsz"}, {"interpolation", "bilinear", loader},
		{"input-range", "0,1", loader}, {"mean", "0", loader}, {"std", "1", loader}, {"color-order", "rgb", loader}} {
		err = errors.Join(err, s.set(k[0], k[1], k[2]))
	}
	CropOffset.put(&s, preprocess.RoundHalfEven, "")
	return s, err
}

// namesOf reads {0: 'tench', ...} or a list of names.
func namesOf(v any) ([]Label, error) {
	pairs, ok := v.([]pair)
	if list, isList := v.([]any); isList {
		for i, name := range list {
			pairs = append(pairs, pair{int64(i), name})
		}
		ok = true
	}
	if !ok {
		return nil, errors.New("neither a dict nor a list")
	}
	labels := make([]Label, len(pairs))
	seen := make([]bool, len(pairs))
	for _, p := range pairs {
		i, isInt := p.key.(int64)
		name, isText := p.value.(string)
		if !isInt || !isText || i < 0 || i >= int64(len(pairs)) || seen[i] {
			return nil, fmt.Errorf("entry %v is not a name for each index from 0 to %d", p.key, len(pairs)-1)
		}
		labels[i].Name, seen[i] = name, true
	}
	return labels, nil
}

// sizeOf reads 224 or [height, width].
func sizeOf(v any) (Size, error) {
	list, ok := v.([]any)
	if !ok {
		list = []any{v, v}
	}
	var edges [2]int64
	for i := range edges {
		if len(list) == 2 {
			edges[i], _ = list[i].(int64)
		}
	}
	if edges[0] < 1 || edges[1] < 1 || max(edges[0], edges[1]) > 1<<20 {
		return Size{}, errors.New("neither a size nor [height, width]")
	}
	return Size{int(edges[0]), int(edges[1])}, nil
}
