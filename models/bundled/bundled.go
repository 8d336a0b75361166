// Package bundled carries the pretrained models that ship inside the ortho
// binary. Only cmd imports it, so that users of the library do not carry its
// weights.
package bundled

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"unsafe"
)

// Default is the model that classifies images when none is named.
const Default = "efficientnet-lite0"

// Detector is the model that finds objects in images when none is named.
const Detector = "ssd-mobilenet-v2"

//go:embed efficientnet-lite0 efficientnet-lite0-int8 glyphs imagenet-descriptions selfie span-x2 span-x4 ssd-mobilenet-v2
var files embed.FS

// The same bytes as in files, which the linker keeps once: embed.FS copies a file
// that is read, and weights are too large for that.
//
//go:embed efficientnet-lite0/model.onnx
var efficientnetLite0 string

//go:embed efficientnet-lite0-int8/model.onnx
var efficientnetLite0Int8 string

//go:embed glyphs/model.onnx
var glyphsGraph string

//go:embed imagenet-descriptions/model.onnx
var imagenetDescriptions string

//go:embed selfie/model.onnx
var selfie string

//go:embed span-x2/model.onnx
var spanX2 string

//go:embed span-x4/model.onnx
var spanX4 string

//go:embed ssd-mobilenet-v2/model.onnx
var ssdMobileNetV2 string

var graphs = map[string]string{
	Default:                 efficientnetLite0,
	Default + "-int8":       efficientnetLite0Int8,
	"glyphs":                glyphsGraph,
	"imagenet-descriptions": imagenetDescriptions,
	"selfie":                selfie,
	"span-x2":               spanX2,
	"span-x4":               spanX4,
	Detector:                ssdMobileNetV2,
}

var successors = map[string]string{"esrgan-slim-x2": "span-x2", "esrgan-slim-x4": "span-x4"}

// Successor names the model that replaces one that earlier releases bundled; "" for other names.
func Successor(name string) string { return successors[name] }

// Names lists the bundled models, sorted.
func Names() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the embedded root always reads
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

// FS returns the folder of one model: model.onnx, its settings (config.json of an image
// classifier, else ortho.json and the vocabulary that it names), README.md (origin, versions,
// licence, accuracy), LICENSE and SHA256SUMS. What fs.ReadFile gives of model.onnx is
// read-only memory.
func FS(name string) (fs.FS, error) {
	graph, ok := graphs[name]
	if now := Successor(name); now != "" {
		return nil, fmt.Errorf("%s is no longer bundled: %s took its place", name, now)
	}
	if !ok {
		return nil, fmt.Errorf("no bundled model is named %q; bundled: %s", name, strings.Join(Names(), ", "))
	}
	sub, err := fs.Sub(files, name)
	return folder{sub, graph}, err
}

type folder struct {
	fs.FS
	graph string
}

// ReadFile implements fs.ReadFileFS without copying the graph.
func (f folder) ReadFile(name string) ([]byte, error) {
	if name == "model.onnx" {
		return unsafe.Slice(unsafe.StringData(f.graph), len(f.graph)), nil
	}
	return fs.ReadFile(f.FS, name)
}
