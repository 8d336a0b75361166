// Package pages says in words, tables and figures what ortho found, a subject a file: what
// a terminal shows, and reports made of the blocks of package report.
package pages
