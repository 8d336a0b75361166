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
// One lane at a time collects jobs: those that come while its first row is loaded, or while it
// lingers, are in its batch. The next lane loads the next batch while others run. Every job has a
// context of its own: a run that several share goes on as long as one of them wants it.
//
// Sessions and pools may be closed at any time: calls under way are waited for, later ones get
// [ErrClosed]; see [Gate]. Calls end when their context is done, [Open] among them. Then no
// goroutine of this package goes on, except for a step of ONNX Runtime that can't be interrupted,
// for the Load of a call of [Pool.Do] that ignores its context, and for what [Await] was given.
package runner
