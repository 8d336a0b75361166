package config

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"ortho/models/text"
	"ortho/preprocess"
)

// Setting is something that can be stated of a model: its name on the command line, and
// how a value of it is read. It is read once, where it is stated.
type Setting[T any] struct {
	name  string
	parse func(string) (T, error)
}

// What can be stated, in the order in which [Settings.Given] has it.
var (
	Preset             = Setting[string]{"preset", parsePreset}
	Layout             = Setting[preprocess.Layout]{"layout", preprocess.ParseLayout}
	Channels           = Setting[int]{"channels", parseChannels}
	InputSize          = Setting[Size]{"input-size", parseSize}
	Resize             = Setting[preprocess.Resize]{"resize", parseResize}
	CropPct            = Setting[float64]{"crop-pct", parseCropPct}
	PadAt              = Setting[string]{"pad-at", oneOf("place of an image in its padding", "center", "start")}
	Fill               = Setting[[3]uint8]{"fill", parseColor}
	CropMode           = Setting[string]{"crop-mode", oneOf("crop mode", "center", "squash", "border")}
	Interpolation      = Setting[preprocess.Filter]{"interpolation", preprocess.ParseFilter}
	Orientation        = Setting[preprocess.Orientation]{"orientation", preprocess.ParseOrientation}
	ColorOrder         = Setting[preprocess.ColorOrder]{"color-order", preprocess.ParseColorOrder}
	Invert             = Setting[bool]{"invert", strconv.ParseBool}
	WhitePoint         = Setting[string]{"white-point", oneOf("white point", "255", "max")}
	InputRange         = Setting[[2]float64]{"input-range", parseRange}
	Mean               = Setting[[]float64]{"mean", parseFloats}
	Std                = Setting[[]float64]{"std", parseStd}
	Head               = Setting[string]{"head", notEmpty}
	Matte              = Setting[string]{"matte", notEmpty}
	Map                = Setting[string]{"map", notEmpty}
	Keypoints          = Setting[[2]int]{"keypoints", parseKeypoints}
	OutputName         = Setting[string]{"output-name", notEmpty}
	ScoresOutput       = Setting[string]{"scores-output", notEmpty}
	OutputActivation   = Setting[Activation]{"activation", oneOf("activation", Softmax, Sigmoid, None)}
	Temperature        = Setting[float64]{"temperature", parseTemperature}
	Labels             = Setting[LabelList]{name: "labels"} // read from a file
	ModelTask          = Setting[Task]{"task", oneOf("task", Tasks...)}
	OutputRange        = Setting[[2]float64]{"output-range", parseRange}
	Color              = Setting[string]{"color", oneOf("color", "rgb", "gray", "luma")}
	SizeMultiple       = Setting[int]{"size-multiple", parseEdge}
	Tile               = Setting[int]{"tile", parseEdge}
	TileOverlap        = Setting[int]{"tile-overlap", parseCount}
	LatentDistribution = Setting[string]{"latent-distribution", oneOf("latent distribution", "normal", "uniform")}
	ClassInput         = Setting[string]{"class-input", notEmpty}
	Vocabulary         = Setting[*text.Vocabulary]{name: "vocabulary"} // read from a file
	TextLength         = Setting[int]{"text-length", parseCount}
	TopicWords         = Setting[string]{"topic-words", notEmpty}
	DoubtBelow         = Setting[Doubt]{"doubt-below", parseDoubt}
	Untrained          = Setting[[]int]{"untrained", parseIndices}
	MaskMarks          = Setting[Mark]{"mask-marks", oneOf("mark", MarksHole, MarksKept)}
	LogitScale         = Setting[float64]{"logit-scale", parseScale}
	LogitBias          = Setting[float64]{"logit-bias", parseBias}
)

// What only exporters' files state: there are no flags for these.
var (
	CropOffset = Setting[preprocess.CropOffset]{"crop-offset", parseCropOffset}
	Central    = Setting[[2]float64]{name: "central"} // the part of the short edge, height and width, that is cut out before the resize
	Classes    = Setting[int]{name: "classes"}        // how many there are
	DataFormat = Setting[preprocess.Layout]{name: "data-format"}
	ImageSize  = Setting[Size]{name: "image-size"} // what the model was configured for: its files may feed it another

	// What exporters' files say of detectors.
	HeadClass   = Setting[string]{name: "head-class"} // the class of the head, or of the model
	BoxTask     = Setting[string]{name: "box-task"}   // Ultralytics' task
	EndToEnd    = Setting[bool]{name: "end2end"}      // the graph picks the boxes itself
	NMSInside   = Setting[bool]{name: "nms"}          // it suppresses overlaps itself
	DepthKind   = Setting[string]{name: "depth-kind"} // relative, or MetricDepth
	OwnSize     = Setting[bool]{name: "own-size"}     // each image's input is of the size that it is resized to
	PadMultiple = Setting[int]{name: "pad-multiple"}  // an open height and width are each image's own, padded to a multiple of it

	PadEnd     = Setting[bool]{name: "pad-end"}         // padding stands at the right and at the bottom, and is 0
	KeyWhite   = Setting[bool]{name: "key-white"}       // the colour that a file makes transparent becomes white
	Near       = Setting[string]{name: "near"}          // a processor whose resize is done nearly as it does it
	PassedOver = Setting[[]string]{name: "passed-over"} // keys of a file that change nothing, though they look as if they did

	Architectures = Setting[[]string]{name: "architectures"} // transformers' classes of the model, as "ViTForImageClassification"
	ProblemType   = Setting[string]{name: "problem-type"}    // what the classifier was trained for: see the constants
	NumLabels     = Setting[int]{name: "num-labels"}         // those that config.json states, by number or by naming each; 0: none, as timm has it of feature extractors
	NamesClasses  = Setting[bool]{name: "names-classes"}     // stated, and true, where the file names classes, if only LABEL_0 and so on
)

// Mark is what is 1, or 255 of bytes, in the mask that a graph takes beside an image.
type Mark string

const (
	MarksHole Mark = "hole" // what is made anew, as LaMa has it
	MarksKept Mark = "kept" // what stays, as MI-GAN has it
)

// MetricDepth is depth in metres.
const MetricDepth = "metric"

// What a transformers classifier was trained for.
const (
	SingleLabel = "single_label_classification"
	MultiLabel  = "multi_label_classification"
	Regression  = "regression"
)

// byName are the settings as [Settings.Set] finds them.
var byName = []named{
	Preset.named(), Layout.named(), Channels.named(), InputSize.named(), Resize.named(), PadAt.named(), Fill.named(), CropPct.named(), CropMode.named(),
	Interpolation.named(), Orientation.named(), ColorOrder.named(), Invert.named(), WhitePoint.named(), InputRange.named(), Mean.named(), Std.named(),
	Head.named(), Matte.named(), Map.named(), Keypoints.named(), OutputName.named(), ScoresOutput.named(), OutputActivation.named(), Temperature.named(), {Labels.name, (*Settings).readLabels}, ModelTask.named(),
	OutputRange.named(), Color.named(), SizeMultiple.named(), Tile.named(), TileOverlap.named(), LatentDistribution.named(),
	ClassInput.named(), {Vocabulary.name, (*Settings).readVocabulary}, TextLength.named(), TopicWords.named(), DoubtBelow.named(), Untrained.named(), MaskMarks.named(),
	LogitScale.named(), LogitBias.named(),
	{GivenInputs.name, (*Settings).readConstant},
}

// named is a setting of any type.
type named struct {
	name  string
	state func(s *Settings, text, source string) error
}

func (k Setting[T]) named() named {
	return named{k.name, func(s *Settings, text, source string) error {
		text = strings.TrimSpace(text)
		value, err := k.parse(text)
		if err != nil {
			return fmt.Errorf("%s: %w", k.name, err)
		}
		s.put(k.name, statement{value, text, source})
		return nil
	}}
}

// Stated is a value and the source that states it.
type Stated[T any] struct {
	Value  T
	Text   string // as it is stated, in the command line's syntax
	Source string
	Rank   int // of the layer that states it: 0 has precedence over all others
}

// Of is a value that another source than a layer states, such as the graph.
func (k Setting[T]) Of(value T, source string) Stated[T] {
	return Stated[T]{Value: value, Text: written(value), Source: source}
}

// In returns what a layer states of k; Rank is not set.
func (k Setting[T]) In(l Layer) (Stated[T], bool) {
	s, ok := l.values[k.name]
	if !ok {
		return Stated[T]{}, false
	}
	if s.source == "" {
		s.source = l.Source
	}
	return Stated[T]{Value: s.value.(T), Text: s.text, Source: s.source}, true
}

// ByUser is Find among what the user states.
func (k Setting[T]) ByUser(layers Layers) (Stated[T], bool) {
	s, ok := k.Find(layers)
	return s, ok && layers[s.Rank].ByUser()
}

// Find returns the first statement of k; Rank is the number of layers where there is none.
func (k Setting[T]) Find(layers Layers) (Stated[T], bool) {
	for rank, l := range layers {
		if s, ok := k.In(l); ok {
			s.Rank = rank
			return s, true
		}
	}
	return Stated[T]{Rank: len(layers)}, false
}

// Name is the setting's name on the command line.
func (k Setting[T]) Name() string { return k.name }

// put states a value that needs no reading.
func (k Setting[T]) put(s *Settings, value T, source string) {
	s.put(k.name, statement{value, written(value), source})
}

// written writes a value as the command line has it.
func written(value any) string {
	switch v := value.(type) {
	case []float64:
		return FormatFloats(v...)
	case [2]float64:
		return FormatFloats(v[:]...)
	case []string:
		return strings.Join(v, ", ")
	}
	return fmt.Sprint(value)
}

// Settings is what one layer, such as the command line, states about a model's
// input and output. The zero value states nothing.
type Settings struct {
	values map[string]statement // by the settings' names
}

// statement is a value, its text and the source that states it; "" stands for the layer's name.
type statement struct {
	value        any
	text, source string
}

// Set states one value as the command line's flag of that name does:
//
//	input-size     224 or 224x320 (height x width)
//	resize         256 (short edge), 256x256 (squash, height x width), long:256 or none; letterbox (the
//	               image's own ratio, rounded, then padded), letterbox-truncated, squash to the input's size, or
//	               pad-square (a square around the image, then squashed)
//	pad-at         center or start: where the image is in its padding
//	fill           114, or R,G,B: the colour of the padding
//	crop-pct       0.875: the part of the resized short edge that the input shows
//	crop-mode      center (short edge, crop), squash or border (long edge, pad with the mean)
//	interpolation  nearest, lanczos, bilinear, bicubic, box or hamming: Pillow's; nearest-cv2,
//	               linear-cv2 or area-cv2: OpenCV's; linear-tf: TensorFlow's, without antialias; linear-torch: torch's, of float tensors
//	white-point    255 or max: the value that becomes the upper end of the input range, max being the largest of the image itself (rembg's)
//	input-range    0,255: what pixels 0 and 255 become before mean and std
//	mean, std      one value, or one for each channel of the tensor
//	color-order    rgb or bgr
//	layout         nchw or nhwc
//	channels       1 or 3
//	invert         true or false
//	orientation    exif or ignore
//	labels         a file, see [ReadLabels]
//	activation     softmax, sigmoid or none
//	temperature    1.5: logits are divided by it before the softmax
//	preset         one of [Presets]
//	head           of a detector: how its outputs are read as boxes, by the name of a family
//	matte          of a model that cuts out: how its output is read as alpha, by the name of a rule
//	map            of a segmenter: how its outputs are read as a map, by the name of a reading
//	keypoints      17x3: how many key points a box has, and numbers of each
//	output-name    an output to return as it is, such as an embedding; of a generator, its image
//	set            NAME=VALUE: an input that is the same in every run, such as keep_prob=1.0; each adds one
//	task           classify, classify-text, embed, detect, segment, cutout or generate, where it does not follow from the graph
//
// and of generators
//
//	output-range         0,1: the output's values that become pixels 0 and 255
//	color                luma or gray: what a graph of one channel is given of a colour image
//	size-multiple        8: an open height and width are padded up to multiples of it
//	tile, tile-overlap   the edge of the tiles of large images, and what neighbours share
//	latent-distribution  normal or uniform (-1 to 1)
//	mask-marks           hole or kept: what is 1, or 255, in the mask that a graph takes
//	class-input          the input that takes the class, where its name does not show it
//	vocabulary           a file, see [text.ReadVocabulary]
//	text-length          the tokens of a text, where the graph leaves it open
//	topic-words          seven bold: the vocabulary's words that say something to the model, where not all do
//	doubt-below          0.3,0.9: a less probable first class is no answer, see [Doubt]
//	untrained            1,7: the classes that a classifier of texts was given no text for
//
// and of models of images and texts
//
//	logit-scale, logit-bias  100 and 0: the cosine of two embeddings times and plus them is a logit
func (s *Settings) Set(key, value string) error { return s.set(key, value, "") }

// Assume states a value that the program chose, not its user: [Settings.Given] does not
// have it. source says why.
func (s *Settings) Assume(key, value, source string) error { return s.set(key, value, source) }

// AssumeOwnSize states that each image's input is of the size that it is resized to. source says why.
func (s *Settings) AssumeOwnSize(source string) { OwnSize.put(s, true, source) }

// SetLabels states the classes' labels, in order: those that a word stands for, as
// [Settings.Given] has it. source says where they come from.
func (s *Settings) SetLabels(labels []Label, word, source string) {
	s.put(Labels.name, statement{LabelList{Labels: slices.Clone(labels)}, word, source})
}

// Given is a setting as [Settings.Set] was given it.
type Given struct {
	Key, Value string
	File       bool // Value is the name of a file, or stands for one
}

// Given returns what Set was given, in a fixed order.
func (s Settings) Given() []Given {
	var all []Given
	for _, k := range byName {
		if v, ok := s.values[k.name].value.([]Constant); ok {
			for _, c := range v {
				all = append(all, Given{k.name, c.Name + "=" + c.Text, false})
			}
			continue
		}
		file := k.name == Labels.name || k.name == Vocabulary.name
		if v, ok := s.values[k.name]; ok && (file || v.source == "") {
			all = append(all, Given{k.name, v.text, file})
		}
	}
	return all
}

// set reads and states a value; source "" stands for the layer's own name.
func (s *Settings) set(key, value, source string) error {
	for _, k := range byName {
		if k.name == key {
			return k.state(s, value, source)
		}
	}
	return fmt.Errorf("no setting is named %q", key)
}

func (s *Settings) put(name string, stated statement) {
	s.values = maps.Clone(s.values)
	if s.values == nil {
		s.values = map[string]statement{}
	}
	s.values[name] = stated
}

func (s *Settings) readLabels(path, _ string) error {
	list, err := readLabels(path)
	if err != nil {
		return err
	}
	s.put(Labels.name, statement{list, path, path})
	return nil
}

func (s *Settings) readVocabulary(path, _ string) error {
	data, err := readStream(path)
	if err != nil {
		return fmt.Errorf("vocabulary %s: %w", path, err)
	}
	v, err := text.ReadVocabulary(bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("vocabulary %s: %w", path, err)
	}
	s.put(Vocabulary.name, statement{v, path, path})
	return nil
}

// putLabels states labels where there are any.
func (s *Settings) putLabels(labels []Label, source string) {
	s.putList(LabelList{Labels: labels}, source)
}

func (s *Settings) putList(list LabelList, source string) {
	if len(list.Labels) > 0 {
		s.put(Labels.name, statement{list, "", source})
	}
}
