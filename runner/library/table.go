package library

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
)

// row is one official library: how its package is asked for, and what must come
// out of it.
type row struct {
	flavor, os, arch, version string
	source                    string // "pip", "npm", "github"
	pkg                       string // the package's name; github: the archive's
	platform                  string // pip: the wheel's platform tag
	inside                    string // the library's path inside the package; "": the one that fits this machine
	sha256                    string // of the library; "": checked against what the release publishes
}

const (
	pipVersion    = "1.32.0"
	npmVersion    = "1.30.0"
	githubVersion = "1.32.0"
)

// table holds what `ortho runtime install` may install. The digests were
// computed from the packages as the clients fetched them.
var table = []row{
	{"cpu", "linux", "amd64", pipVersion, "pip", "onnxruntime", "manylinux_2_28_x86_64",
		"onnxruntime/capi/libonnxruntime.so.1.32.0", "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f"},
	{"cpu", "linux", "arm64", pipVersion, "pip", "onnxruntime", "manylinux_2_28_aarch64",
		"onnxruntime/capi/libonnxruntime.so.1.32.0", "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a"},
	{"cpu", "darwin", "arm64", pipVersion, "pip", "onnxruntime", "macosx_14_0_arm64",
		"onnxruntime/capi/libonnxruntime.1.32.0.dylib", "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7"},
	{"cpu", "windows", "amd64", pipVersion, "pip", "onnxruntime", "win_amd64",
		"onnxruntime/capi/onnxruntime.dll", "443c0065fcdba17618ddef05050308f4b471893c5c7da0337d6957c9073ad8a7"},
	{"cpu", "windows", "arm64", pipVersion, "pip", "onnxruntime", "win_arm64",
		"onnxruntime/capi/onnxruntime.dll", "a5c1951a7d495fa0c22a0865fe36981fe67f9d5dc7ba3893c20fa7266dd1e994"},

	{"cpu", "linux", "amd64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/linux/x64/libonnxruntime.so.1", "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23"},
	{"cpu", "linux", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/linux/arm64/libonnxruntime.so.1", "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76"},
	{"cpu", "darwin", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib", "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d"},
	{"cpu", "windows", "amd64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/win32/x64/onnxruntime.dll", "508c362f5673483dd3a086379c392795b2e42d10d5e6f3f90ebd7ac21c97af67"},
	{"cpu", "windows", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/win32/arm64/onnxruntime.dll", "6c3a2abf5c6aca11c48a0d338a91af309f2266f25ce2e4084e6a87bbcb0fbfd0"},

	{"cpu", "linux", "amd64", githubVersion, "github", "onnxruntime-linux-x64-1.32.0.tgz", "", "", ""},
	{"cpu", "linux", "arm64", githubVersion, "github", "onnxruntime-linux-aarch64-1.32.0.tgz", "", "", ""},
	{"cpu", "darwin", "arm64", githubVersion, "github", "onnxruntime-osx-arm64-1.32.0.tgz", "", "", ""},
	{"cpu", "windows", "amd64", githubVersion, "github", "onnxruntime-win-x64-1.32.0.zip", "", "", ""},
	{"cpu", "windows", "arm64", githubVersion, "github", "onnxruntime-win-arm64-1.32.0.zip", "", "", ""},
}

// rowFor returns this machine's row.
func rowFor(flavor, source string) (row, error) {
	for _, r := range table {
		if r.flavor == flavor && r.source == source && r.os == runtime.GOOS && r.arch == runtime.GOARCH {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("there is no official ONNX Runtime of flavor %s for %s/%s here; `ortho runtime install --from FILE` takes your own", flavor, runtime.GOOS, runtime.GOARCH)
}

func knownFlavor(flavor string) error {
	var flavors []string
	for _, r := range table {
		flavors = append(flavors, r.flavor)
	}
	if slices.Contains(flavors, flavor) {
		return nil
	}
	slices.Sort(flavors)
	return fmt.Errorf("flavor %q is not in this version's table, which has: %s", flavor, strings.Join(slices.Compact(flavors), ", "))
}

func rowByDigest(digest string) (row, bool) {
	for _, r := range table {
		if r.sha256 == digest && digest != "" {
			return r, true
		}
	}
	return row{}, false
}
