package models

import (
	"strings"

	"ortho/models/text"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// GeneratorSpec is all that is needed to run a graph whose output is an image.
// What the graph does not take is nil or "".
type GeneratorSpec struct {
	Batch      int // images per run; 0 where the graph leaves it open
	Image      *ImageInput
	Latents    *LatentInput
	Class      *ClassInput
	Text       *TextInput
	Truncation string // the name of the input that takes it
	Output     ImageOutput
	Labels     []Label // of the classes
	// Tile is the edge of the tiles of large images and Overlap what neighbours share,
	// in pixels of the input; 0 where nothing states it.
	Tile, Overlap int
}

// ImageInput is an input that takes an image.
type ImageInput struct {
	Name string
	// Spec makes the tensor. Height and Width are 0 where the graph leaves them open:
	// the image keeps its size, and Resize is none.
	Spec     preprocess.Spec
	Luma     bool // Y of YCbCr alone: Cb and Cr are resized apart
	Multiple int  // an open height and width are padded to multiples of it; 1: to none
}

// LatentInput is an input of random numbers.
type LatentInput struct {
	Name    string
	Type    onnx.ElementType
	Shape   []int64 // without the batch dimension
	Uniform bool    // from -1 to 1; else standard normal
}

// ClassInput is an input that takes a class.
type ClassInput struct {
	Name   string
	Type   onnx.ElementType
	Shape  []int64 // without the batch dimension
	OneHot bool
	Count  int // of classes; 0 where nothing states it
}

// TextInput is an input that takes tokens.
type TextInput struct {
	Name, Mask string // Mask: the input that is 1 where a token stands
	Type       onnx.ElementType
	MaskType   onnx.ElementType
	Length     int // tokens of a text, padded or cut to it
	Vocabulary *text.Vocabulary
}

// Knows lists some of the words that the model knows and that say something to it.
func (in *TextInput) Knows() string {
	const shown = 24
	some := in.Vocabulary.Samples(shown + 1)
	if len(some) > shown {
		return strings.Join(some[:shown], ", ") + ", ..."
	}
	return strings.Join(some, ", ")
}

// ImageOutput is the output that gives an image.
type ImageOutput struct {
	Name          string
	Type          onnx.ElementType
	Channels      int // 1 or 3; 0 where only a run can tell
	Height, Width int // 0 where only a run can tell
	Layout        preprocess.Layout
	ColorOrder    preprocess.ColorOrder
	Range         [2]float64 // the values that become pixel 0 and pixel 255
	Invert        bool       // 255 minus that
}
