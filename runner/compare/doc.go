// Package compare runs a graph against a reference on the same inputs and reports how their
// outputs differ: another graph (an export, a quantisation), or the same one on another
// execution provider.
//
//	Sides --NewPlan--> Plan --Open--> Comparison: a process each, running Serve
//	Inputs --Chunks--> Comparison.Add --> outputs by side --equality--> Results
//
// Each side is a process of its own, with its own ONNX Runtime library; arrays are passed as
// files, and a crash of a side is an error. What counts as equal, package equality decides, or
// [Thresholds].
package compare
