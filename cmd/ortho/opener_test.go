package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestOpener: files that are read are opened by package regular, which refuses what would be waited
// for. Others open folders, or what they have made themselves.
func TestOpener(t *testing.T) {
	allowed := map[string]string{
		"runner/appear/appear.go":               "os.Open",       // a folder, to have it on the disk
		"preprocess/codecs/jpeg.go":             "os.Open",       // a library that is loaded
		"runner/appear/sweep.go":                "os.Open",       // a folder
		"runner/appear/below.go":                "os.OpenRoot",   // likewise
		"runner/appear/system_unix.go":          "os.OpenFile",   // to write
		"runner/program/program.go":             "exec.LookPath", // in folders that it has chosen
		"runner/regular/regular.go":             "os.OpenFile os.DirFS",
		"runner/regular/sink.go":                "os.OpenFile", // pipes and devices that are written to
		"runner/library/install.go":             "os.Open",     // a folder, to have it on the disk
		"runner/library/archive.go":             "os.OpenFile", // new files of its own
		"runner/library/github.go":              "os.OpenFile", // likewise
		"runner/machine/memory_linux.go":        "os.OpenFile", // the kernel's
		"cmd/ortho/internal/source/folder.go":   "os.Open",     // folders
		"cmd/ortho/internal/scratch/scratch.go": "os.OpenFile", // a new file of its own
	}
	opening := strings.Fields("os.Open os.OpenFile os.ReadFile os.DirFS os.OpenRoot elf.Open macho.Open macho.OpenFat pe.Open zip.OpenReader syscall.Open unix.Open exec.LookPath")
	inspectSources(t, func(name string, n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if of, ok := s.X.(*ast.Ident); ok {
				call := of.Name + "." + s.Sel.Name
				if slices.Contains(opening, call) && !slices.Contains(strings.Fields(allowed[name]), call) {
					t.Errorf("%s: %s may wait for a pipe without an end, or find a program of the working folder: packages regular and program don't", name, call)
				}
			}
		}
		return true
	})
}

// inspectSources goes through the syntax of all packages but their tests.
func inspectSources(t *testing.T, use func(name string, n ast.Node) bool) {
	t.Helper()
	for _, room := range []string{"preprocess", "models", "runner", "cmd/ortho"} {
		err := filepath.WalkDir(filepath.Join("../..", room), func(name string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				return err
			}
			name = strings.TrimPrefix(filepath.ToSlash(name), "../../")
			ast.Inspect(file, func(n ast.Node) bool { return use(name, n) })
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
