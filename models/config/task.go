package config

// Task is what a model is for.
type Task string

const (
	Classify     Task = "classify"      // it takes images; its output are the scores of classes, or an embedding
	ClassifyText Task = "classify-text" // the same for texts
	Embed        Task = "embed"         // it takes images; an output is an embedding of each
	Detect       Task = "detect"        // it takes images; its outputs are boxes, each with a class and a score
	Segment      Task = "segment"       // it takes images; its outputs say of each pixel to which class or segment it belongs
	Cutout       Task = "cutout"        // it takes images; its output says how much of each pixel is what is meant, and no background
	Depth        Task = "depth"         // it takes images; its output says how far each place is
	Generate     Task = "generate"      // its output is an image
)

// Tasks are all tasks.
var Tasks = []Task{Classify, ClassifyText, Embed, Detect, Segment, Cutout, Depth, Generate}
