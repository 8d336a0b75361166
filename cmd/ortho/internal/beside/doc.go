// Package beside makes files of images beside the rows of a run, in folders that flags name: images with what was
// found drawn on them, maps, crops, labels, captions.
//
//	items --Set.Items--> Items, which have the names of their files --find--> results --Each, make, Put--> files, results
//
// Each file belongs to one image, and replaces what an earlier run has made of that image, but nothing else.
package beside
