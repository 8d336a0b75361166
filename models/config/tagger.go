package config

import (
	"errors"
	"fmt"
	"io/fs"

	"ortho/runner/onnx"
)

// TagsFile is the table of tags that lies beside WD taggers: tag_id, name, category, count.
const TagsFile = "selected_tags.csv"

// wdTagger is how images become a WD tagger's input, but for its size.
var wdTagger = map[string]string{"resize": "pad-square", "fill": "255", "interpolation": "bicubic", "input-range": "0,255", "mean": "0", "std": "1", "color-order": "bgr"}

// taggerSettings reads the table of tags in a folder. Where the graph takes images with their channels last, it is one of
// SmilingWolf's own exports, and pixels are as his programs and imgutils make them, whatever the config.json of the same
// repository says of timm's weights there.
func taggerSettings(g *onnx.Graph, folder fs.FS) (Layers, error) {
	if folder == nil {
		return nil, nil
	}
	data, err := ReadText(folder, TagsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list, err := parseLabels(TagsFile, data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", TagsFile, err)
	}
	l := Layer{Source: TagsFile}
	l.putList(list, "")
	if len(g.Inputs) == 1 && len(g.Inputs[0].Dims) == 4 && g.Inputs[0].Dims[3].Size == 3 {
		pixels, err := settingsOf(wdTagger)
		return Layers{l, {"preset wd-tagger, for " + TagsFile + " beside a graph with channels last", pixels, err}}, nil
	}
	return Layers{l}, nil
}
