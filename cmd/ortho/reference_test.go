package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var asked = regexp.MustCompile(`(?:[gG]etenv|LookupEnv)\("([A-Za-z_]+)"\)`)

// TestEnvironment: what the sources ask of the environment stands in the reference.
func TestEnvironment(t *testing.T) {
	var all []string
	for _, v := range environment {
		all = append(all, strings.Split(v.name, ", ")...)
	}
	// Of the machine, of Windows and of processes that tests start: nothing that a user sets for ortho.
	all = append(all, strings.Fields("container KUBERNETES_SERVICE_HOST LocalAppData AppData DOCTOR_CHILD COMPARE_SIDE CHILD DYLD_FALLBACK_LIBRARY_PATH "+
		"HUGGING_FACE_HUB_TOKEN HUGGINGFACE_HUB_CACHE TRANSFORMERS_OFFLINE all_proxy AWS_WEB_IDENTITY_TOKEN_FILE AWS_DEFAULT_REGION AWS_CONTAINER_CREDENTIALS_RELATIVE_URI AWS_CONTAINER_CREDENTIALS_FULL_URI "+
		"ORTHO_TEST_ENGINES ORTHO_REGISTRY_PORT CC PYTHON")...)
	for _, room := range []string{"cmd", "models", "runner", "preprocess"} {
		err := filepath.WalkDir("../../"+room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
				if !slices.Contains(all, found[1]) {
					t.Errorf("%s asks for %s, of which docs/reference.md says nothing", path, found[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
