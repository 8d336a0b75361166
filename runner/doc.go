// Package runner runs ONNX graphs through ONNX Runtime: it loads the library,
// makes sessions on chosen execution providers, and drives items through them.
//
// One engine serves everything that works item by item. [Map] is an ordered, bounded,
// cancellable parallel map. A [Pool] does the [Work] of items around the runs of a session,
// and keeps what that takes: lanes of batches, which single calls and streams share.
//
//	Do --item, context--+                 +--> lane: load rows --> run --> read rows --+--> Do
//	Do --item, context--+--> jobs wait ---+                                            +--> Do
//	Each --items, window+    in order     +--> lane: load rows --> run --> read rows --+--> Each, in order
//
// One lane at a time collects: what comes while its first row is loaded, or lingers, is in its
// batch, and the next batch is the next lane's, loaded while others run. Every job has a
// context of its own: a run that several share goes on as long as one of them wants it.
//
// What is open may be closed at any time, by [Gate]: calls under way are waited for, later
// ones get [ErrClosed]. A context ends what takes one, also Open: nothing of this package
// runs on then but what ONNX Runtime can't be made to leave, and what [Await] was given.
package runner
