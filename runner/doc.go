// Package runner runs ONNX graphs through ONNX Runtime: it loads the library,
// makes sessions on chosen execution providers, and drives streams of items
// through them.
//
// One engine serves everything that works item by item: [Map] is an ordered,
// bounded, cancellable parallel map, and [Lanes] is the same with batches of a
// session below it.
//
// What is open may be closed at any time, by [Gate]: calls under way are waited for, later
// ones get [ErrClosed]. A context ends what takes one, also Open: nothing of this package
// runs on then but what ONNX Runtime can't be made to leave, and what [Await] was given.
package runner
