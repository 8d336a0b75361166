// Package library finds ONNX Runtime's shared library, checks whether it can be used, and
// installs the official one.
//
//	explicit, environment, data folder, executable, loader, Python --candidates--> probe --> Found
//	pip, npm, GitHub or a file --Install--> digest checked --> data folder
//
// [Find] takes the first usable candidate, [FindFor] the first that has the providers asked for. A
// flavor is a build: "cpu", "cuda", "openvino". Versions and digests of what is installed are
// pinned in a table.
package library
