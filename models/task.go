package models

import (
	"fmt"
	"slices"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// task is a row of the table of tasks: which graphs it fits, and which ports it needs.
type task struct {
	name Task
	fits func(r *resolver, p purpose) bool // where nothing states the task, but the outputs are for p
	fact bool                              // a fact says so where only the graph states the task

	// resolve settles the ports, in the order of the facts.
	resolve func(*resolver)
	upright bool // images are turned as their files say, since pictures are made of them
	sized   bool // images may have inputs of their own sizes
	whole   bool // an image is taken as a whole and upright: no middle is cut out of it, and its pixels' values have to be stated
	classes bool // what comes out are classes, whose names are worth having

	refuse func(m *Model) string // why a model that is for another task is not for this one
	does   func(m *Model) string // what one that is for this task does in place of classifying images
}

// tasks is the table of tasks. A graph is for the first that fits, and the last fits all.
var tasks = []*task{
	{
		name: ClassifyText, fact: true,
		fits:    func(r *resolver, p purpose) bool { return p == forScores && takesTokens(r.graph) },
		resolve: (*resolver).textClassifier, classes: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("classifies no texts: it does not take token ids and give classes (inputs: %s; outputs: %s)", onnx.List(m.Graph.Inputs), onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string {
			name := ""
			if m.ports.text != nil {
				name = m.ports.text.Name
			}
			return fmt.Sprintf("takes texts, not images (input %s)", name)
		},
	},
	{
		name: Detect, fact: true,
		fits:    (*resolver).givesBoxes,
		resolve: (*resolver).detector, classes: true, sized: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no boxes: its outputs are those of no family of detectors (%s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string { return "gives no classes of the image but boxes" + m.ports.boxes.named() },
	},
	{
		name: Segment, fact: true,
		fits:    (*resolver).givesSegments,
		resolve: (*resolver).segmenter, classes: true, sized: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no map of classes: no output has a score of classes, or a class, for each place (outputs: %s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string {
			return "gives no classes of the image but of its pixels" + m.ports.segments.named()
		},
	},
	{
		name: Cutout, fact: true,
		fits:    (*resolver).givesMatte,
		resolve: (*resolver).cutter, upright: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no alpha: no output is a map of one channel (outputs: %s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string { return "gives no classes but alpha" + m.ports.matte.named() },
	},
	{
		name: Depth, fact: true,
		fits:    (*resolver).givesDepth,
		resolve: (*resolver).depth, upright: true, sized: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no depth: no output is a map of one channel (outputs: %s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string { return "gives no classes but depth" + m.ports.depth.named() },
	},
	{
		name: Embed, fact: true,
		fits:    func(_ *resolver, p purpose) bool { return p == forEmbedding },
		resolve: (*resolver).imageEmbedder,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no embedding: no output is called as one that stands for an image (outputs: %s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string { return "gives no classes but an embedding" + m.ports.embedding.named() },
	},
	{
		name: Generate, fact: true,
		fits:    func(_ *resolver, p purpose) bool { return p == forPicture },
		resolve: (*resolver).generator, whole: true,
		refuse: func(m *Model) string {
			return fmt.Sprintf("gives no image: no output has the shape [batch,1 or 3,height,width] (outputs: %s)", onnx.List(m.Graph.Outputs))
		},
		does: func(m *Model) string {
			name := ""
			if m.ports.picture != nil {
				name = m.ports.picture.Name
			}
			return fmt.Sprintf("gives no classes but an image (output %s)", name)
		},
	},
	{
		name:    Classify,
		fits:    func(*resolver, purpose) bool { return true },
		resolve: (*resolver).imageClassifier, classes: true,
		refuse: func(m *Model) string { return m.task.does(m) },
	},
}

// TaskError says that a model is for another task than the one that it is wanted for.
type TaskError struct {
	Model      string
	Wanted, Is Task   // Is: "" where it is for none that is known
	Why        string // what keeps it from the wanted task, as what the model does, or does not
	// MayClassify: an output of what is to make images could be the scores of classes.
	MayClassify bool
}

func (e *TaskError) Error() string { return e.Model + " " + e.Why }

// isFor fails where the model is for another task, or something is missing to use it.
func (m *Model) isFor(name Task) error {
	if m.Task != name {
		return &TaskError{Model: m.Name, Wanted: name, Is: m.Task, Why: taskNamed(name).refuse(m), MayClassify: m.Task == Generate && mayGiveClasses(m.Graph)}
	}
	return m.err
}

// Usable returns why the model can't be run for its task; nil if it can.
func (m *Model) Usable() error { return m.err }

func taskNamed(name Task) *task {
	for _, t := range tasks {
		if t.name == name {
			return t
		}
	}
	return nil
}

// settleTask settles the graph's task.
func (r *resolver) settleTask() *task {
	if s, ok := config.ModelTask.Find(r.layers); ok {
		return taskNamed(noted(r, config.ModelTask, s))
	}
	if source, ok := extractor(r.layers); ok && slices.ContainsFunc(r.graph.Inputs, func(v onnx.Value) bool { _, ok := viewOf(v, r.layers); return ok }) && !slices.ContainsFunc(r.graph.Outputs, givesImage) {
		if _, chosen := config.ScoresOutput.Find(r.layers); !chosen {
			r.fact("task", string(Embed), source)
			return taskNamed(Embed)
		}
	}
	p := purposeOfAll(r.graph)
	for _, t := range tasks {
		if t.fits(r, p) {
			if t.fact {
				r.fact("task", string(t.name), "graph")
			}
			return t
		}
	}
	return nil
}

// imageClassifier settles how the graph classifies images.
func (r *resolver) imageClassifier() {
	if in, ok := r.onlyImage(); ok {
		r.takeImage(in)
	}
	r.scoresOrEmbedding()
}

// textClassifier settles how the graph classifies texts.
func (r *resolver) textClassifier() {
	for _, v := range r.graph.Inputs {
		if !takesTokens(&onnx.Graph{Inputs: []onnx.Value{v}}) {
			if len(r.graph.Inputs) == 1 {
				r.fail("%s: what its input %s takes can't be told: it is no token ids", r.name, v)
			} else {
				r.needs(v)
			}
			continue
		}
		r.condition(v)
	}
	if r.text == nil {
		return
	}
	r.takeText()
	r.scoresOrEmbedding()
	r.trained()
}

// generator settles how the graph makes images.
func (r *resolver) generator() {
	image := r.imageAndConditions()
	if image == nil {
		settled(r, config.ColorOrder, preprocess.RGB) // of the output
	} else {
		r.takeImage(*image)
		r.sizeMultiple()
	}
	r.givePicture()
	r.conditions()
	if r.text != nil {
		r.takeText()
	}
	r.tiles()
}
