// Package models says what a model is: an ONNX graph and the files that
// exporters put beside it. It resolves how an image becomes the graph's input
// and what the numbers of its output mean, each value with the source that
// states it. Running models is for its sub-packages.
package models
