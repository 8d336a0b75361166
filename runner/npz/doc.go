// Package npz reads and writes arrays as NumPy does: .npy (numpy.lib.format) and
// .npz, a zip archive of them.
//
//	file --ReadFile--> []Array: name, type, shape, bytes (little-endian, row-major) --WriteFile--> .npz
//
// What is read is bounded, and what a header claims is checked before memory is taken for it.
package npz
