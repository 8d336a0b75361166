// Package report writes reports for people: a [Page] of [Section]s is one HTML file, which
// opens without a network, or Markdown without the figures.
//
//	Text, List, Notice, Facts, Table, Figure, Fold, HTML (Cards) --> Section --> Page --> HTML, Markdown
//
// What a report says is for package pages; this one knows how blocks look.
package report
