package config

// Task is what a model is for.
type Task string

const (
	Classify     Task = "classify"      // it takes images; its output are the scores of classes, or an embedding
	ClassifyText Task = "classify-text" // the same of texts
	Embed        Task = "embed"         // it takes images; an output stands for each, as numbers
	Generate     Task = "generate"      // its output is an image
)

// Tasks are all of them.
var Tasks = []Task{Classify, ClassifyText, Embed, Generate}
