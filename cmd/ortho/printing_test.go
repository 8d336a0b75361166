package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// printers write past the writers of a run, on which nothing can act on a terminal (see
// commandline.Run and term.Safe).
var printers = []string{"os.Stdout", "os.Stderr", "fmt.Print", "fmt.Printf", "fmt.Println", "syscall.Write", "syscall.Stdout", "syscall.Stderr", "unix.Write", "unix.Stdout", "unix.Stderr"}

// nativePrinters are those of C.
var nativePrinters = regexp.MustCompile(`\b(printf|fprintf|puts|fputs|putchar|perror|stdout|stderr)\b\s*[(,;)]`)

// TestPrinting: all that is printed goes through the writers of a run, which main makes of the
// process's own; and progress alone, which moves the cursor, writes to a terminal itself.
func TestPrinting(t *testing.T) {
	for _, room := range []string{"../../models", "../../runner", "../../preprocess", "."} {
		err := filepath.WalkDir(room, func(name string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.HasSuffix(name, "_test.go") || strings.Contains(filepath.ToSlash(name), "internal/notices/make/") { // of the repository: no command
				return err
			}
			source := ""
			switch filepath.Ext(name) {
			case ".c", ".h", ".go":
				text, err := os.ReadFile(name)
				if err != nil {
					return err
				}
				source = string(text)
			}
			if filepath.Ext(name) != ".go" {
				if found := nativePrinters.FindString(source); found != "" {
					t.Errorf("%s: %s prints past the run's writers", name, found)
				}
				return nil
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments)
			if err != nil {
				return err
			}
			for _, i := range file.Imports {
				if strings.HasPrefix(i.Path.Value, `"github.com/vbauerster/mpb/`) && !strings.HasPrefix(filepath.ToSlash(name), "internal/term/") {
					t.Errorf("%s: lines that move are for package term", name)
				}
			}
			for _, c := range file.Comments { // C, where the file imports it
				if c.End() < file.Name.End() || !strings.Contains(source, "import \"C\"") {
					continue
				}
				if found := nativePrinters.FindString(c.Text()); found != "" {
					t.Errorf("%s: %s prints past the run's writers", name, found)
				}
			}
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.SelectorExpr:
					if of, ok := n.X.(*ast.Ident); ok && slices.Contains(printers, of.Name+"."+n.Sel.Name) && name != "main.go" {
						t.Errorf("%s: %s.%s prints past the run's writers", name, of.Name, n.Sel.Name)
					}
				case *ast.CallExpr:
					if f, ok := n.Fun.(*ast.Ident); ok && (f.Name == "print" || f.Name == "println") {
						t.Errorf("%s: %s prints past the run's writers", name, f.Name)
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
	main, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(main), "os.Std") - strings.Count(string(main), "os.Stdin"); n != 3 {
		t.Errorf("main.go names standard output and error %d times, not for the run and the loader's notice alone", n)
	}
}
