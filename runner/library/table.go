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
	beside                    pins   // what else is taken out of the package; nothing else is, where sha256 is pinned
}

// pins are SHA-256 digests by file name.
type pins map[string]string

const (
	pipVersion    = "1.32.0"
	npmVersion    = "1.30.0"
	githubVersion = "1.32.0"

	openvinoVersion = "1.24.1" // with OpenVINO 2025.4.1; on Windows that is not in the wheel
	cudaVersion     = "1.31.1" // for CUDA 13
)

// table holds what `ortho runtime install` may install. The digests were
// computed from the packages as the clients fetched them. Of OpenVINO's libraries,
// which lie in the wheel under three names, the one that others need is taken.
var table = []row{
	{"cpu", "linux", "amd64", pipVersion, "pip", "onnxruntime", "manylinux_2_28_x86_64",
		"onnxruntime/capi/libonnxruntime.so.1.32.0", "6c1585d1bbf45b0712ea4a21b705c5fcb4ba04ff2e30f1fbf81a49faf658638f", nil},
	{"cpu", "linux", "arm64", pipVersion, "pip", "onnxruntime", "manylinux_2_28_aarch64",
		"onnxruntime/capi/libonnxruntime.so.1.32.0", "49852228a93995158b2a813d4df487d47a1b76b0eaa894507ef49e91b6d7954a", nil},
	{"cpu", "darwin", "arm64", pipVersion, "pip", "onnxruntime", "macosx_14_0_arm64",
		"onnxruntime/capi/libonnxruntime.1.32.0.dylib", "fa585fabbea65b823b9a8f7e27d46aee3989d1be7e36b528203d3a1fd613aae7", nil},
	{"cpu", "windows", "amd64", pipVersion, "pip", "onnxruntime", "win_amd64",
		"onnxruntime/capi/onnxruntime.dll", "443c0065fcdba17618ddef05050308f4b471893c5c7da0337d6957c9073ad8a7", nil},
	{"cpu", "windows", "arm64", pipVersion, "pip", "onnxruntime", "win_arm64",
		"onnxruntime/capi/onnxruntime.dll", "a5c1951a7d495fa0c22a0865fe36981fe67f9d5dc7ba3893c20fa7266dd1e994", nil},

	{"cpu", "linux", "amd64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/linux/x64/libonnxruntime.so.1", "ffb75a925ba05e47b235bb66e3e3911714a80b328a9c9425539feb204aa32a23", nil},
	{"cpu", "linux", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/linux/arm64/libonnxruntime.so.1", "1f549d46250b005580b597f4164984aaf75b3bcb9f3aeb07c7f8a8fe60b23c76", nil},
	{"cpu", "darwin", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/darwin/arm64/libonnxruntime.1.30.0.dylib", "685d2be5dba1309c89d3a5324b7fd06a5c42f1a61bfea32d14c4cc28d072121d", nil},
	{"cpu", "windows", "amd64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/win32/x64/onnxruntime.dll", "508c362f5673483dd3a086379c392795b2e42d10d5e6f3f90ebd7ac21c97af67", pins{
			"DirectML.dll": "234e8898778cdec88d3cb0539508273494082812c968699f3de665a018971625",
		}},
	{"cpu", "windows", "arm64", npmVersion, "npm", "onnxruntime-node", "",
		"package/bin/napi-v6/win32/arm64/onnxruntime.dll", "6c3a2abf5c6aca11c48a0d338a91af309f2266f25ce2e4084e6a87bbcb0fbfd0", pins{
			"DirectML.dll": "aaf72a9d55aa123e0708d957d30dd4fbeb7a2e335ec6257ed5ff4261a402b9ee",
		}},

	{"cpu", "linux", "amd64", githubVersion, "github", "onnxruntime-linux-x64-1.32.0.tgz", "", "", "", nil},
	{"cpu", "linux", "arm64", githubVersion, "github", "onnxruntime-linux-aarch64-1.32.0.tgz", "", "", "", nil},
	{"cpu", "darwin", "arm64", githubVersion, "github", "onnxruntime-osx-arm64-1.32.0.tgz", "", "", "", nil},
	{"cpu", "windows", "amd64", githubVersion, "github", "onnxruntime-win-x64-1.32.0.zip", "", "", "", nil},
	{"cpu", "windows", "arm64", githubVersion, "github", "onnxruntime-win-arm64-1.32.0.zip", "", "", "", nil},

	{"openvino", "linux", "amd64", openvinoVersion, "pip", "onnxruntime-openvino", "manylinux_2_28_x86_64",
		"onnxruntime/capi/libonnxruntime.so.1.24.1", "c7b0590c7825f7029ba17e20a5dea27f7f570d8241d60584caacd363648aa8e2", pins{
			"libonnxruntime_providers_openvino.so": "b19cae6eb713f35427a8427f141ffc8fc2471ae0532f57e52d84fa9a66799c30",
			"libonnxruntime_providers_shared.so":   "5e02c1ff90e7d71365264dbb6767c00f04a8b57a96cddbc0085c61fa1393250d",
			"libopenvino.so.2541":                  "ac9634b715a242a61644c77bc38f17508fe73f517e418027e2410f4bee004943",
			"libopenvino_auto_plugin.so":           "1bf94263f5412bc8b392a93a0d37cbbf3ecdeed148eed2612d94503045e14a1f",
			"libopenvino_hetero_plugin.so":         "5bc208c13f7e13a46fff84c568759237e26ce0dd8dd7c761ba2fc72df02c99c5",
			"libopenvino_intel_cpu_plugin.so":      "034df890550ae9199fe5f8608c0df8fd0fe355f303bad56bea10bae14c14c3cb",
			"libopenvino_intel_gpu_plugin.so":      "5575d03f4a168b257461b83089bc2d0ae7a41ebc1b5ab6b591d26f09c4a3635e",
			"libopenvino_intel_npu_plugin.so":      "5fad291a5cce9b0b5a7d73317ffcb811f6f93f029ce23eb679e9b6b3da88a1ae",
			"libopenvino_onnx_frontend.so.2541":    "f426710881d8c1a01d5ed6d7eaa076d923b19983d3ab3a18bb19d25dba7d8923",
			"libtbb.so.12":                         "6781dc6aa8b2ca237d0164258e70266a44667756c02a9a039782ec1d1a67b653",
		}},
	{"openvino", "windows", "amd64", openvinoVersion, "pip", "onnxruntime-openvino", "win_amd64",
		"onnxruntime/capi/onnxruntime.dll", "66e62f7bebf65b048ff1a93c40a73df93c36f93ce5bb085076de92b1a1e754fd", pins{
			"onnxruntime_providers_openvino.dll": "85bddbff00fb464d3fe2669993845769d42a8c570ddd947d20ad1aebe4096ef1",
			"onnxruntime_providers_shared.dll":   "5cb1ffe332a2bca0f3957d0a484394d505b0cfdc048daee7a8d0568f86c697d3",
		}},

	{"cuda", "linux", "amd64", cudaVersion, "pip", "onnxruntime-gpu", "manylinux_2_28_x86_64",
		"onnxruntime/capi/libonnxruntime.so.1.31.1", "5104254339ecadae808da771bd0b63b240f0dbd466514234905e54372435c303", pins{
			"libonnxruntime_providers_cuda.so":     "8387867e857499e045caff5d13ac6a5de29571c801562fa2dde0e45f1f31de52",
			"libonnxruntime_providers_shared.so":   "086ec1d5388f64153d9c63470d126693db9a182c8ce236d3a1119068471b8a0d",
			"libonnxruntime_providers_tensorrt.so": "1882ee49fdb0e6fc2d272b00cfaf9a3310bf8580a34385c0eec4d82014ea172e",
		}},
	{"cuda", "windows", "amd64", cudaVersion, "pip", "onnxruntime-gpu", "win_amd64",
		"onnxruntime/capi/onnxruntime.dll", "7ce20366f6d5981081bb8bbc0aff757e055e6d0d09c2237cbb2143740cc8658f", pins{
			"onnxruntime_providers_cuda.dll":     "ebb99d5c0b451ff0b67032df80b4e9f442488d9bab1b5eeab68fc1613c1fab96",
			"onnxruntime_providers_shared.dll":   "cb48721ca5b33cc827956f07f9900aa886052a839b2b18a1c11f036a2ebc5c5c",
			"onnxruntime_providers_tensorrt.dll": "83b7fd4e60a6db4d6cd41ae296cfc9ed4b8846cd2ac9c45bfda2ef24c1eb0d5b",
		}},
}

// rowFor returns this machine's row.
func rowFor(flavor, source string) (row, error) {
	for _, r := range table {
		if r.flavor == flavor && r.source == source && r.os == runtime.GOOS && r.arch == runtime.GOARCH {
			return r, nil
		}
	}
	return row{}, &NotOfferedError{flavor}
}

// sourcesFor lists the sources that have the flavor for this machine.
func sourcesFor(flavor string) []string {
	return slices.DeleteFunc(slices.Clone(installSources), func(source string) bool {
		_, err := rowFor(flavor, source)
		return err != nil
	})
}

// check compares what was taken out of a package with what is pinned.
func (r row) check(got record) error {
	if r.sha256 == "" {
		return nil
	}
	if got.SHA256 != r.sha256 {
		return fmt.Errorf("%s: %s has SHA-256 %s, but %s is pinned", got.Package, r.inside, got.SHA256, r.sha256)
	}
	for name, want := range r.beside {
		switch have := got.Beside[name]; have {
		case want:
		case "":
			return fmt.Errorf("%s: it holds no %s", got.Package, name)
		default:
			return fmt.Errorf("%s: %s has SHA-256 %s, but %s is pinned", got.Package, name, have, want)
		}
	}
	return nil
}

// Flavors lists the builds that Install knows.
func Flavors() []string {
	var flavors []string
	for _, r := range table {
		flavors = append(flavors, r.flavor)
	}
	slices.Sort(flavors)
	return slices.Compact(flavors)
}

func knownFlavor(flavor string) error {
	if flavors := Flavors(); !slices.Contains(flavors, flavor) {
		return fmt.Errorf("flavor %q is not in this version's table, which has: %s", flavor, strings.Join(flavors, ", "))
	}
	return nil
}

func rowByDigest(digest string) (row, bool) {
	for _, r := range table {
		if r.sha256 == digest && digest != "" {
			return r, true
		}
	}
	return row{}, false
}
