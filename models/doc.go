// Package models says what a model is: an ONNX graph and the files that exporters put beside
// it. It settles how an image, a text or a class becomes the graph's input and what the
// numbers of its outputs mean, each value as a [Fact] with the source that states it.
//
//	folder or .onnx --Open--> graph, config.Layers --task--> ports --> Classifier, Generator, ...
//	                                                  |              (a spec each, or what is missing)
//	                                                  +--> Facts, Notices
//
// A task is a row of one table: which graphs it fits, and which ports it needs. A port is one
// input or output with all that is needed to use it ([ImagePort], [ScoresPort], ...). What is
// stated beside the graph, package config reads. Running models is for the packages below:
// they open a spec on a session of package runner.
package models
