package models

import "ortho/preprocess"

// Label names one class: "tench", "n01440764". Both are empty where nothing
// names the class: its index then stands for it. Gloss says in a few words what the
// class is, where the label's file does.
type Label struct{ Name, ID, Gloss string }

// Activation turns a classifier's output into probabilities.
type Activation string

const (
	Softmax Activation = "softmax"
	Sigmoid Activation = "sigmoid"
	None    Activation = "none" // the graph has applied it
)

// Scores says what the numbers of a classifier's output mean.
type Scores struct {
	OutputName  string
	Classes     int // values per item; 0 where only a run can tell
	Labels      []Label
	Activation  Activation
	Temperature float64 // logits are divided by it before the softmax; 0: not divided
	// Embedding is true where output-name was set: that output's values are
	// returned as they are, not as classes.
	Embedding bool
}

// ClassifierSpec is all that is needed to run a graph as an image classifier.
type ClassifierSpec struct {
	Input     preprocess.Spec
	InputName string
	Batch     int // images per run; 0 where the graph leaves it open
	Scores
}

// TextClassifierSpec is all that is needed to run a graph as a classifier of texts.
type TextClassifierSpec struct {
	Text  TextInput
	Batch int // texts per run; 0 where the graph leaves it open
	Scores
	// Untrained are the classes that no text was there for in training, in ascending
	// order: what the model says of them means nothing.
	Untrained []int
	Doubt     Doubt
}

// Doubt is what was measured of a classifier of texts: a first class below these
// probabilities is more often wrong than it would be worth telling. The zero value doubts
// nothing.
type Doubt struct {
	Below      float64
	ShortBelow float64 // of a text of up to [Short] words that carry meaning, none of the class's label among them
}

// Short is how many words a short text has.
const Short = 4
