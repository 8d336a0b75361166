package dual

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"ortho/models"
	"ortho/models/config"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// layout is where the halves of a model lie.
type layout struct {
	name        string
	kind        string
	image, text models.Part
	cut         bool        // both are parts of one graph
	joint       *onnx.Graph // of both halves; nil where none is there
	jointPath   string
	root        fs.FS // the folder with config.json
	words       fs.FS // the folder with the tokenizer
	openCLIP    bool
}

// errNone is what a name fails with that is no dual encoder's.
var errNone = errors.New("it is no model of images and texts")

// HalfError says that a folder has one half of a model.
type HalfError struct{ Folder, Has, Lacks string }

func (e *HalfError) Error() string {
	return fmt.Sprintf("%s has %s, but not the other half of the model, %s: images and texts are compared by both", e.Folder, e.Has, e.Lacks)
}

// Is reports whether a name is that of a dual encoder, or of a half of one.
func Is(name string) bool {
	_, err := find(name)
	half := (*HalfError)(nil)
	return err == nil || errors.As(err, &half)
}

// find looks for a model's halves: in a folder, or in a file with a joint graph.
func find(name string) (*layout, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return joint(name, filepath.Dir(name), config.NameOf(name, false))
	}
	is := func(parts ...string) bool {
		_, err := os.Stat(filepath.Join(append([]string{name}, parts...)...))
		return err == nil
	}
	for _, pair := range []struct {
		kind, image, text string
		openCLIP          bool
	}{
		{"visual and textual, as open_clip and immich lay them out", "visual/model.onnx", "textual/model.onnx", true},
		{"vision_model and text_model, as transformers.js lays them out", "onnx/vision_model.onnx", "onnx/text_model.onnx", false},
		{"vision_model and text_model, as transformers.js lays them out", "vision_model.onnx", "text_model.onnx", false},
	} {
		image, text := filepath.FromSlash(pair.image), filepath.FromSlash(pair.text)
		switch hasImage, hasText := is(image), is(text); {
		case hasImage && hasText:
		case hasImage:
			return nil, &HalfError{name, pair.image, pair.text}
		case hasText:
			return nil, &HalfError{name, pair.text, pair.image}
		default:
			continue
		}
		above := config.Folder(name)
		l := &layout{name: config.NameOf(name, true), kind: pair.kind, root: regular.Folder(above), openCLIP: pair.openCLIP}
		l.image = models.Part{Name: l.name, Path: filepath.Join(name, image), Configs: l.root}
		l.text = models.Part{Name: l.name, Path: filepath.Join(name, text), Configs: l.root}
		l.words = l.root
		// What compares embeddings is in neither half, but in a joint graph beside them.
		beside := filepath.Join(filepath.Dir(l.image.Path), "model.onnx")
		if both, err := joint(beside, filepath.Dir(beside), l.name); err == nil {
			l.joint, l.jointPath = both.joint, beside
		}
		if pair.openCLIP {
			l.image.Configs = regular.Folder(filepath.Join(name, "visual"))
			l.words = regular.Folder(filepath.Join(name, "textual"))
		}
		return l, nil
	}
	graph, err := config.FindGraph(regular.Folder(name), name)
	if err != nil {
		return nil, err
	}
	return joint(filepath.Join(name, filepath.FromSlash(graph)), name, config.NameOf(name, true))
}

// The outputs of a joint graph that its halves end in.
const (
	jointImage  = "image_embeds"
	jointText   = "text_embeds"
	jointLogits = "logits_per_image"
)

// joint cuts a graph of both halves.
func joint(file, folder, name string) (*layout, error) {
	g, err := onnx.ReadFile(file)
	if err != nil {
		return nil, err
	}
	has := func(name string) bool {
		return slices.ContainsFunc(g.Outputs, func(v onnx.Value) bool { return v.Name == name })
	}
	var images, tokens []string
	for _, v := range g.Inputs {
		switch {
		case len(v.Dims) == 4:
			images = append(images, v.Name)
		case v.Type == onnx.Int64 || v.Type == onnx.Int32:
			tokens = append(tokens, v.Name)
		}
	}
	if !has(jointImage) || !has(jointText) || len(images) != 1 || len(tokens) == 0 {
		return nil, errNone
	}
	root := regular.Folder(config.Folder(folder))
	part := models.Part{Name: name, Path: file, Type: onnx.Float, Configs: root}
	l := &layout{name: name, kind: "one graph of both halves, as Optimum exports it", image: part, text: part, cut: true, joint: g, jointPath: file, root: root, words: root}
	l.image.Inputs, l.image.Outputs = images, []string{jointImage}
	l.text.Inputs, l.text.Outputs = tokens, []string{jointText}
	return l, nil
}
