// Package plan has many machines share a run, none of which knows of another:
//
//	inputs --Make--> plan: tasks, parts --Read--> a task's parts --(job)--> Output.Commit --> DEST/PART, once
//	                                                                                 Check <--┘ all there?
//
// A plan is data: it says, once, which inputs there are, as they were then, and which task makes what of
// them. A part is a whole archive, or a run of files, and its rows are a file of their own. An [Output] is a
// folder of such files, and of records of them:
//
//	DEST/0000017-shard.jsonl          the rows, which appear at once
//	DEST/_ortho/0000017-shard.json    how many there are, and of which run
//	DEST/_ortho/run.json              what all parts are made by; the first task has written it
//
// Tasks may be repeated, killed, and run twice at once: a file is there once, and whole. (Spark and its like pass over
// what begins with an underscore.)
package plan
