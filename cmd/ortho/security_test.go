package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
)

// TestSecurityLimits: the limits that SECURITY.md states are those of the code, by the constants and
// flags that it names.
func TestSecurityLimits(t *testing.T) {
	_, table, ok := strings.Cut(read(t, "../../SECURITY.md"), "| what | limit | where |\n| --- | --- | --- |\n")
	table, _, end := strings.Cut(table, "\n\n")
	if !ok || !end {
		t.Fatal("SECURITY.md has no table of limits")
	}
	quoted := regexp.MustCompile("`([^`]+)`")
	rows := 0
	for row := range strings.Lines(table) {
		cells := strings.Split(row, "|")
		if len(cells) != 5 {
			t.Fatalf("%q has no three cells", row)
		}
		rows++
		limits := strings.Split(strings.TrimSpace(cells[2]), ", ")
		var code []string
		for _, name := range quoted.FindAllStringSubmatch(cells[3], -1) {
			if flag, ok := strings.CutPrefix(name[1], "--"); !ok {
				code = append(code, name[1])
			} else if f := commandline.FindFlag(command(t, "classify").Flags, flag); f == nil {
				t.Errorf("%q: classify has no --%s", row, flag)
			} else if d, ok := f.(*cli.Int64Flag); ok && d.Value != 0 && limits[0] != amount(d.Value, limits[0]) {
				t.Errorf("%q: --%s is %d", row, flag, d.Value)
			}
		}
		for i, name := range code {
			if len(code) > 1 && len(limits) == 1 {
				i = 0 // the same for all
			}
			if value := valueOf(t, name); i >= len(limits) || limits[i] != amount(value, limits[i]) {
				t.Errorf("%q: %s is %d", row, name, value)
			}
		}
	}
	if rows < 25 {
		t.Errorf("%d limits", rows)
	}
}

func command(t *testing.T, name string) *cli.Command {
	t.Helper()
	c := newApp().Command(name)
	if c == nil {
		t.Fatalf("no command %s", name)
	}
	return c
}

// amount writes a number as the limit beside it is written: with a unit, or with commas.
func amount(n int64, like string) string {
	for unit, bytes := range map[string]int64{" KiB": 1 << 10, " MiB": 1 << 20, " GiB": 1 << 30, " Mi": 1 << 20} {
		if strings.HasSuffix(like, unit) {
			if n%bytes != 0 {
				return fmt.Sprint(n)
			}
			return fmt.Sprint(n/bytes) + unit
		}
	}
	text := strconv.FormatInt(n, 10)
	for at := len(text) - 3; at > 0; at -= 3 {
		text = text[:at] + "," + text[at:]
	}
	return text
}

// valueOf is the number behind PACKAGE.NAME or PACKAGE.NAME.FIELD: a constant, a field of a literal, or
// what is assigned to a field.
func valueOf(t *testing.T, where string) int64 {
	t.Helper()
	dot := strings.LastIndex(where, "/") + 1
	dot += strings.Index(where[dot:], ".")
	folder, name := where[:dot], where[dot+1:]
	name, field, _ := strings.Cut(name, ".")
	files, err := filepath.Glob("../../" + folder + "/*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: no package %s", where, folder)
	}
	var found []ast.Expr
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				for i, ident := range n.Names {
					if ident.Name == name && i < len(n.Values) {
						found = append(found, fieldOf(n.Values[i], field))
					}
				}
			case *ast.AssignStmt:
				if to, ok := n.Lhs[0].(*ast.SelectorExpr); ok && to.Sel.Name == name {
					found = append(found, n.Rhs[0])
				}
			}
			return true
		})
	}
	if len(found) != 1 || found[0] == nil {
		t.Fatalf("%s stands in the code %d times", where, len(found))
	}
	// protobuf's most, which the file states in GiB
	text := strings.ReplaceAll(types.ExprString(found[0]), "math.MaxInt32", "1 << 31")
	value, err := types.Eval(token.NewFileSet(), nil, token.NoPos, text)
	if err != nil || value.Value == nil {
		t.Fatalf("%s: %s is no constant: %v", where, text, err)
	}
	n, exact := constant.Int64Val(constant.ToInt(value.Value))
	if !exact {
		t.Fatalf("%s: %s is no whole number", where, text)
	}
	return n
}

// fieldOf is a field's value in a literal; without a field, the expression itself.
func fieldOf(e ast.Expr, field string) ast.Expr {
	if field == "" {
		return e
	}
	if literal, ok := e.(*ast.CompositeLit); ok {
		for _, element := range literal.Elts {
			if pair, ok := element.(*ast.KeyValueExpr); ok && types.ExprString(pair.Key) == field {
				return pair.Value
			}
		}
	}
	return nil
}
