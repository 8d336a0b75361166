// Package job is the one road of every command that makes rows:
//
//	items --pending--> Job.Rows --Answer--> write --> OUT.partial --finish--> OUT, page, exit code
//	          ^ resumed: rows that are there are skipped     ^ counted, shown, failed ones told
//
// [Run] opens the outputs, and only then what the rows need: what can't be written costs no
// work. A run that is ended by an error or a signal keeps what was finished. A task says in a
// [Job] what its items are and what row each gets; nothing here knows what rows tell.
package job
