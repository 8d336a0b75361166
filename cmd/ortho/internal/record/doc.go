// Package record makes runs resumable: the rows of a run are in OUT.partial as soon as they
// are made, beside OUT.run.json, the [Record] of how they are made.
//
//	items --Items--> those without a row --(task)--> row --Run.Write--> OUT.partial --Finish--> OUT
//
// An interrupted run is continued where it ended, if its record shows that it would make the same
// rows. The process may be killed at any moment; see [Run].
//
// An update makes of a complete output, or of one that is not, what a run over the inputs as they are
// now would make: rows are kept whose inputs have the names and the stamps that they were made of.
package record
