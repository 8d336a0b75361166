// Package grid draws tables that fit the terminal.
//
//	Columns, rows --Table.Print--> widths that cost the fewest lines --> lines
//
// Where a table is too wide, headers are wrapped first, then paths are shortened and cells wrapped
// between words, and words are broken last. [Sentence] and [Wrap] are the same for text.
package grid
