package library

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"regexp"
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

// flavorByNeighbours derives the flavor from the provider libraries in path's folder.
func flavorByNeighbours(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	entries, _ := os.ReadDir(filepath.Dir(path))
	for _, p := range providerFlavors {
		for _, e := range entries {
			if p.pattern.MatchString(e.Name()) {
				return p.flavor
			}
		}
	}
	return UnknownFlavor
}

// flavorByDigest returns the flavor of a library that the table holds.
func flavorByDigest(path string) string {
	digest, err := fileDigest(path)
	if err == nil {
		if row, ok := rowByDigest(digest); ok {
			return row.flavor
		}
	}
	return UnknownFlavor
}

func fileDigest(path string) (string, error) {
	f, err := os.Open(path)
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
