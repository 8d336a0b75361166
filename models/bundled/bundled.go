// Package bundled carries the pretrained models that ship inside the ortho
// binary. Only cmd imports it, so that users of the library do not carry its
// weights.
package bundled

import (
	"embed"
	"fmt"
	"io/fs"
	"strings"
)

// Default is the model that classify uses where none is named.
const Default = "efficientnet-lite0"

//go:embed efficientnet-lite0
var files embed.FS

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

// FS returns the folder of one model: model.onnx, config.json, README.md
// (origin, versions, licence, accuracy), LICENSE and SHA256SUMS.
func FS(name string) (fs.FS, error) {
	for _, n := range Names() {
		if n == name {
			return fs.Sub(files, name)
		}
	}
	return nil, fmt.Errorf("no bundled model is named %q; bundled: %s", name, strings.Join(Names(), ", "))
}
