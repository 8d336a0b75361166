// Package sheet lays pictures out: beside each other on a contact sheet ([Make]), or one after
// the other in an animation ([WriteGIF]). A sheet that would be too large is refused before any
// work; see [Layout.Check].
package sheet
