// Package codecs decodes and encodes images by the C libraries that Pillow does it with, where they
// are there: those that ortho installed, or the system's. They are loaded at run time, once, when an
// image first needs them.
//
// A library is used only where its version is one whose structures this package knows: libjpeg's own
// check of version and size, or the number that the library gives. Others are refused, and never
// guessed.
package codecs
