// Package rows has the rows of results of each task: the outcome of one input, and how each
// format shows it.
//
//	name, classify.Result --OfClasses--> Classes --ClassesCodec--> JSONL, CSV, Parquet, table, and back
//
// A task is one file: a type that embeds the task's result, a constructor, and its codec. No other
// package knows the columns.
package rows
