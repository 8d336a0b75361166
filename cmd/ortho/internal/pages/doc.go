// Package pages shows people what ortho found, one subject a file: as tables and sentences on
// a terminal, and as reports made of the blocks of package report.
//
//	bench.File --Bench--> report.Page           evaluate.Result --Evaluation.Page--> report.Page
//	bench.File --PrintBench--> terminal, Markdown       models.Model --Inspect--> Inspection.Print, JSON
//
// What inspect and eval print are documents, whose JSON is an output format, too.
package pages
