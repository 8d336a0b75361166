package config

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ortho/preprocess"
)

// isUltralytics reports whether the graph's metadata is Ultralytics'.
func isUltralytics(metadata map[string]string) bool {
	return metadata["task"] != "" && metadata["names"] != "" &&
		strings.Contains(metadata["author"]+metadata["description"], "Ultralytics")
}

// ultralyticsSettings reads the metadata of an Ultralytics model: of a classifier, or of what gives
// boxes.
func ultralyticsSettings(metadata map[string]string) (s Settings, err error) {
	names, err := parseLiteral(metadata["names"])
	if err != nil {
		return s, fmt.Errorf("names: %w", err)
	}
	labels, err := namesOf(names)
	if err != nil {
		return s, fmt.Errorf("names: %w", err)
	}
	input, err := parseLiteral(metadata["imgsz"])
	if err != nil {
		return s, fmt.Errorf("imgsz: %w", err)
	}
	at, err := sizeOf(input)
	if err != nil {
		return s, fmt.Errorf("imgsz: %w", err)
	}
	switch task := metadata["task"]; task {
	case "classify":
		err = s.ultralyticsClassifier(at)
	case "detect", "segment", "pose", "obb":
		err = s.ultralyticsBoxes(task, metadata, len(labels))
	default:
		return s, fmt.Errorf("task: the model does %q, neither classify nor detect, segment, pose or obb", task)
	}
	s.putLabels(labels, "")
	return s, errors.Join(err, s.set("input-size", at.String(), ""))
}

// ultralyticsClassifier states what classify_transforms do: the short edge bilinear to imgsz, a centre
// crop, values 0-1. Softmax is in the graph.
func (s *Settings) ultralyticsClassifier(at Size) (err error) {
	resize := at.String()
	if at.Height == at.Width {
		resize = fmt.Sprint(at.Height)
	}
	const loader = "Ultralytics' classify_transforms"
	for _, k := range [][3]string{{"resize", resize, loader + ", of the metadata's imgsz"}, {"interpolation", "bilinear", loader},
		{"input-range", "0,1", loader}, {"mean", "0", loader}, {"std", "1", loader}, {"color-order", "rgb", loader}} {
		err = errors.Join(err, s.set(k[0], k[1], k[2]))
	}
	CropOffset.put(s, preprocess.RoundHalfEven, "")
	return err
}

// ultralyticsBoxes states what the metadata says of boxes, and what the predictors do: a letterbox by
// cv2, but for RT-DETR, whose images are squashed.
func (s *Settings) ultralyticsBoxes(task string, metadata map[string]string, classes int) (err error) {
	BoxTask.put(s, task, "")
	Classes.put(s, classes, "")
	class, from := metadata["head"], ""
	if class == "" && strings.Contains(strings.ToLower(metadata["description"]), "rtdetr") { // earlier releases state no head
		class, from = "RTDETRDecoder", "ONNX metadata (description)"
	}
	resize, loader := "letterbox", "Ultralytics' LetterBox"
	if class == "RTDETRDecoder" {
		resize, loader = "squash", "Ultralytics' RTDETRPredictor"
	}
	if class != "" {
		HeadClass.put(s, class, from)
	}
	for _, k := range [][3]string{{"resize", resize, loader}, {"interpolation", "linear-cv2", loader}, {"fill", "114", loader},
		{"input-range", "0,1", "Ultralytics' predictor"}, {"mean", "0", "Ultralytics' predictor"}, {"std", "1", "Ultralytics' predictor"}, {"color-order", "rgb", "Ultralytics' predictor"}} {
		err = errors.Join(err, s.set(k[0], k[1], k[2]))
	}
	truth := func(text string) (v bool) {
		value, _ := parseLiteral(text)
		v, _ = value.(bool)
		return v
	}
	args, _ := parseLiteral(cmp.Or(metadata["args"], "{}"))
	options, _ := args.([]pair)
	given := map[string]any{}
	for _, p := range options {
		if key, ok := p.key.(string); ok {
			given[key] = p.value
		}
	}
	if truth(metadata["end2end"]) {
		EndToEnd.put(s, true, "")
	}
	if nms, _ := given["nms"].(bool); nms || truth(metadata["nms"]) {
		NMSInside.put(s, true, "")
	}
	if stride, e := strconv.Atoi(metadata["stride"]); e == nil && stride > 0 && stride <= 1024 && class != "RTDETRDecoder" {
		PadMultiple.put(s, stride, "ONNX metadata (stride), Ultralytics' LetterBox for dynamic graphs")
	}
	if text := metadata["kpt_shape"]; task == "pose" {
		shape, _ := parseLiteral(text)
		list, _ := shape.([]any)
		if len(list) != 2 {
			return errors.Join(err, fmt.Errorf("kpt_shape: %q is not how many key points there are, and numbers of each", text))
		}
		err = errors.Join(err, s.set("keypoints", fmt.Sprintf("%vx%v", list[0], list[1]), "ONNX metadata (kpt_shape)"))
	}
	return err
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
