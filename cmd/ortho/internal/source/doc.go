// Package source finds the images that a command line names, and texts:
//
//	files, folders, tar archives, globs, lists, standard input --Items--> Item: Name, Path, Read
//
// Paths are found as they are needed, so that there may be millions; a [Shard] takes its part of
// them. What can't be read fails as an item, in its place. [Check] finds arguments that can never give
// an image, and [Survey] counts the items where that is possible, both without reading images.
package source
