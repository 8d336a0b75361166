// Package output writes rows of results: a table for people; JSONL, CSV or Parquet
// for programs, which can also be read back.
//
//	row --Codec.Writer--> bytes --File--> a temporary file --Commit--> OUT
//	OUT --Codec.Read--> rows
//
// What the rows of a task hold, its [Codec] knows. [Reads] are the files that a run reads: all outputs
// are opened through them, so that none replaces an input, under whatever name.
package output
