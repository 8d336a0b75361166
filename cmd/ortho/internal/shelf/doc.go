// Package shelf puts the pictures of a run into a folder.
//
//	input --Names.Take--> name --Shelf.Create--> File --Commit--> the picture under its name
//
// Each name belongs to one input. Files appear when they are complete, and never replace what the
// run reads.
package shelf
