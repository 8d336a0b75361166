package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// ofProgram are the string literals of the library that name flags or verbs of this program,
// by file: how many there still are. Those of other programs, which have a flag of the same
// name, stay.
var ofProgram = map[string]int{
	"runner/bench/pipeline_reasons.go": 1,
	"runner/bench/reasons.go":          2,
	"runner/bench/sweep.go":            1,
	"runner/library/companions.go":     2,
	"runner/library/library.go":        1,
	"runner/library/providers.go":      4,

	"runner/library/fetch.go": 1, // of pip
	"runner/machine/gpu.go":   1, // of nvidia-smi
	"runner/onnx/foreign.go":  2, // of tf2onnx
}

// TestLibraryNamesNoFlags: the library names causes, and settings by their keys; what a flag
// or a verb does about them says cmd/ortho/internal/remedy.
func TestLibraryNamesNoFlags(t *testing.T) {
	names := namesOfProgram(newApp())
	found := map[string]int{}
	for _, room := range []string{"models", "runner", "preprocess"} {
		err := filepath.WalkDir("../../"+room, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			path = filepath.ToSlash(strings.TrimPrefix(path, "../../"))
			ast.Inspect(file, func(n ast.Node) bool {
				literal, ok := n.(*ast.BasicLit)
				if !ok || literal.Kind != token.STRING {
					return true
				}
				if text, _ := strconv.Unquote(literal.Value); names.MatchString(text) {
					if found[path]++; found[path] > ofProgram[path] {
						t.Errorf("%s: %s", path, text)
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for path, n := range ofProgram {
		if found[path] < n {
			t.Errorf("%s names %d, and may name %d: the list can be made shorter", path, found[path], n)
		}
	}
}

// namesOfProgram finds the program's flags and its verbs, as they are typed.
func namesOfProgram(app *cli.App) *regexp.Regexp {
	var flags, verbs []string
	var add func([]*cli.Command)
	add = func(commands []*cli.Command) {
		for _, c := range commands {
			verbs = append(verbs, c.Name)
			for _, f := range c.Flags {
				for _, name := range f.Names() {
					if len(name) > 1 {
						flags = append(flags, name)
					}
				}
			}
			add(c.Subcommands)
		}
	}
	add(app.Commands)
	return regexp.MustCompile(`--(` + strings.Join(flags, "|") + `)\b|\bortho (` + strings.Join(verbs, "|") + `)\b`)
}
