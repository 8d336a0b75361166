// Package runner runs ONNX graphs through ONNX Runtime: it loads the library,
// makes sessions on chosen execution providers, and drives streams of items
// through them.
//
// One engine serves everything that works item by item: [Map] is an ordered,
// bounded, cancellable parallel map, and [Pipeline] is the same with batches of a
// session below it.
package runner
