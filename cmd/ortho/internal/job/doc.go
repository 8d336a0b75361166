// Package job carries out every command that makes rows of results:
//
//	items --pending--> Job.Rows --Answer--> write --> OUT.partial --finish--> OUT, page, exit code
//	          ^ resumed: items that have their rows are skipped     ^ counted, shown
//
// [Run] opens the outputs, and only then the model: what can't be written costs no work. A run
// that is ended by an error or a signal keeps what was finished. A task says in a [Job] what its
// items are and how their rows are made; nothing here knows what is in a row.
package job
