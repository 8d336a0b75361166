package library

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"

	"ortho/runner/regular"
)

// A build with more providers than the CPU brings them as libraries beside it.
var providerFlavors = []struct {
	flavor  string
	pattern *regexp.Regexp
}{
	{"cuda", regexp.MustCompile(`^(lib)?onnxruntime_providers_cuda\.(so|dll)$`)},
	{"openvino", regexp.MustCompile(`^(lib)?onnxruntime_providers_openvino\.(so|dll)$`)},
	{"migraphx", regexp.MustCompile(`^(lib)?onnxruntime_providers_migraphx\.(so|dll)$`)},
	{"rocm", regexp.MustCompile(`^(lib)?onnxruntime_providers_rocm\.(so|dll)$`)},
	{"qnn", regexp.MustCompile(`^(lib)?onnxruntime_providers_qnn\.(so|dll)$`)},
}

// flavorByNeighbours derives the flavor from what lies in path's folder: the record that Install
// left of it, or libraries of providers.
func flavorByNeighbours(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	folder, name := filepath.Dir(path), filepath.Base(path)
	if r, err := readRecord(folder); err == nil && r.Library == name && r.Flavor != "" {
		return r.Flavor
	}
	entries, _ := os.ReadDir(folder)
	for _, p := range providerFlavors {
		for _, e := range entries {
			if p.pattern.MatchString(e.Name()) {
				return p.flavor
			}
		}
	}
	return UnknownFlavor
}

// flavorByDigest returns the flavor of a library that the table holds, and whether it holds it.
func flavorByDigest(path string) (flavor string, pinned bool) {
	digest, err := fileDigest(path)
	if err == nil {
		if row, ok := rowByDigest(digest); ok {
			return row.flavor, true
		}
	}
	return UnknownFlavor, false
}

func fileDigest(path string) (string, error) {
	f, err := regular.Open(path)
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
