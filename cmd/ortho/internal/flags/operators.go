package flags

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/record"
	"ortho/runner/regular"
)

// CustomOps is the flag of the libraries with operators that ONNX Runtime does not have.
type CustomOps struct {
	Files []string

	digests []string
}

func (*CustomOps) Flags() []cli.Flag {
	return []cli.Flag{&Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "custom-ops", Category: CategoryRun, Usage: "shared library `FILE` with operators that ONNX Runtime does not have, such as that of onnxruntime-extensions; it is loaded and run; may be repeated"}}}
}

func (o *CustomOps) Read(c *Call) error {
	o.Files = c.Repeated("custom-ops")
	for i, name := range o.Files {
		if slices.Contains(o.Files[:i], name) {
			return commandline.Usagef("--custom-ops %s is given twice", name)
		}
		digest, err := digestOf(name)
		if err != nil {
			return fmt.Errorf("--custom-ops: %w", err)
		}
		o.digests = append(o.digests, digest)
	}
	return nil
}

// Settings are the libraries, with their SHA-256: they change what a model answers.
func (o *CustomOps) Settings() record.Settings {
	var libraries []string
	for i, name := range o.Files {
		libraries = append(libraries, name+" (SHA-256 "+o.digests[i]+")")
	}
	return record.Settings{{Key: "custom-ops", Value: strings.Join(libraries, " ")}}
}

func digestOf(name string) (string, error) {
	f, err := regular.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
