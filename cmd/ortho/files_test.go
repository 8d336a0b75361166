package main

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestFiles: what a command line says ends in package flags; and no files of this package are
// in a circle of more than two, so that each verb can be read by itself.
func TestFiles(t *testing.T) {
	refs, commandLine := references(t)
	for _, place := range commandLine {
		t.Errorf("%s: *cli.Context is for package flags", place)
	}
	for _, circle := range circles(refs) {
		if len(circle) > 2 {
			t.Errorf("%q refer to each other in a circle", circle)
		}
	}
	edges := 0
	for _, to := range refs {
		edges += len(to)
	}
	t.Logf("%d files, %d references from file to file", len(refs), edges)
}

// references are the files that each file refers to by name, and the places that name
// cli.Context.
func references(t *testing.T) (refs map[string]map[string]bool, commandLine []string) {
	t.Helper()
	set := token.NewFileSet()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	refs = map[string]map[string]bool{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
		refs[name] = map[string]bool{}
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: importer.ForCompiler(set, "gc", compiled(t))}
	if _, err := config.Check("main", set, files, info); err != nil {
		t.Fatal(err)
	}
	for ident, object := range info.Uses {
		from := set.Position(ident.Pos())
		if object.Name() == "Context" && object.Pkg() != nil && object.Pkg().Name() == "cli" {
			commandLine = append(commandLine, from.String())
		}
		if object.Pkg() == nil || object.Pkg().Path() != "main" || object.Parent() == nil && !isMember(object) {
			continue
		}
		if to := set.Position(object.Pos()).Filename; to != from.Filename && to != "" {
			refs[from.Filename][to] = true
		}
	}
	return refs, commandLine
}

// isMember reports whether an object is a method or a field.
func isMember(object types.Object) bool {
	switch o := object.(type) {
	case *types.Func:
		return true
	case *types.Var:
		return o.IsField()
	}
	return false
}

// compiled returns what opens the compiled form of a package that this one imports.
func compiled(t *testing.T) func(path string) (io.ReadCloser, error) {
	t.Helper()
	out, err := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Export", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct{ ImportPath, Export string }
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		files[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(files[path]) }
}

// circles are the groups of files that refer to each other, directly or by way of others
// (Tarjan's strongly connected components).
func circles(refs map[string]map[string]bool) (all [][]string) {
	index, low, on := map[string]int{}, map[string]int{}, map[string]bool{}
	var stack []string
	var visit func(string)
	visit = func(f string) {
		index[f] = len(index) + 1
		low[f] = index[f]
		stack, on[f] = append(stack, f), true
		for _, to := range slices.Sorted(maps.Keys(refs[f])) {
			if index[to] == 0 {
				visit(to)
				low[f] = min(low[f], low[to])
			} else if on[to] {
				low[f] = min(low[f], index[to])
			}
		}
		if low[f] != index[f] {
			return
		}
		at := slices.Index(stack, f)
		circle := slices.Clone(stack[at:])
		for _, done := range circle {
			on[done] = false
		}
		stack = stack[:at]
		all = append(all, circle)
	}
	for _, f := range slices.Sorted(maps.Keys(refs)) {
		if index[f] == 0 {
			visit(f)
		}
	}
	return all
}
