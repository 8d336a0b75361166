// Command module gives the module another path: that where it lives.
//
//	go run ./scripts/module github.com/someone/ortho
//
// It rewrites go.mod, the imports of every file of Go, and the names that the linker sets.
package main

import (
	"bytes"
	"fmt"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
)

// linked are the files that name a package for the linker.
var linked = []string{"Makefile", "scripts/release/goreleaser.yaml"}

var modulePath = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.[a-z]+(/[A-Za-z0-9_.-]+)+$`)

func main() {
	if len(os.Args) != 2 || !modulePath.MatchString(os.Args[1]) {
		fmt.Fprintln(os.Stderr, "usage: module PATH, such as github.com/someone/ortho")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "module:", err)
		os.Exit(1)
	}
}

func run(to string) error {
	from, err := output("go", "list", "-m")
	if err != nil {
		return err
	}
	from = strings.TrimSpace(from)
	files, err := output("git", "ls-files", "-z", "*.go")
	if err != nil {
		return err
	}
	for _, name := range strings.Split(strings.TrimSuffix(files, "\x00"), "\x00") {
		if err := rewrite(name, func(text []byte) ([]byte, error) { return imports(name, text, from, to) }); err != nil {
			return err
		}
	}
	for _, name := range linked {
		if err := rewrite(name, func(text []byte) ([]byte, error) {
			return bytes.ReplaceAll(text, []byte("-X "+from+"/"), []byte("-X "+to+"/")), nil
		}); err != nil {
			return err
		}
	}
	_, err = output("go", "mod", "edit", "-module", to)
	return err
}

// imports is a file with the imports of a module as those of another path.
func imports(name string, text []byte, from, to string) ([]byte, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, text, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	last := 0
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		if below, ok := strings.CutPrefix(path, from+"/"); ok {
			b.Write(text[last:set.Position(spec.Path.Pos()).Offset])
			b.WriteString(strconv.Quote(to + "/" + below))
			last = set.Position(spec.Path.End()).Offset
		}
	}
	if last == 0 {
		return text, nil
	}
	b.Write(text[last:])
	return format.Source(b.Bytes()) // which sorts them
}

// rewrite replaces a file by what change makes of it, where that is another text.
func rewrite(name string, change func([]byte) ([]byte, error)) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	changed, err := change(text)
	if err != nil || bytes.Equal(changed, text) {
		return err
	}
	return os.WriteFile(name, changed, 0o644)
}

func output(program string, args ...string) (string, error) {
	cmd := exec.Command(program, args...)
	cmd.Stderr = os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", cmd, err)
	}
	return string(text), nil
}
