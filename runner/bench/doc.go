// Package bench measures a graph over execution providers, threads, batches and runs in
// flight, and says which to use and whether the answers are still right.
//
//	Plan -> Cells -----> Sweep -> rounds -> File of Rows -> Conclude -> Verdict, Settings
//	Subject -----------/  |  \- Log: what was measured, so that a run can be continued
//	graph, inputs         \-- Rerun.Only: of an earlier File, its best cells once more
//
//	DrawRequest -> Draw -> Pipeline of Parts -> a Sweep each -> Settle -> Settings
//
// Every cell of the sweep is a process of its own, with its own ONNX Runtime library and
// memory figures; a crash costs one cell. All cells are opened, and then take turns:
//
//	Sweep --requests, JSON lines--> Serve (one process a cell: session, inputs, reference)
//	      <--answers---------------
//
//	reference outputs -> cells open -> rounds, interleaved -> profiles -> rows -> Recommend
//
// So whatever slows the machine for a while affects all cells, and not one. A round drives the
// same runner.Session as everything else in ortho does. Files are read and written by
// readers and writers, but for a Log and what processes hand each other in a folder; nothing
// is printed.
package bench
