// Package where is the language of --where: which rows are kept. An expression is one of
// github.com/expr-lang/expr over what is known of a row, such as
//
//	label == "tabby cat" && p > 0.8
//	any(classes, .label contains "cat" && .p > 0.1)
//
// A type of rows says what is known of it in a struct whose fields have tags `expr:"name"`.
package where

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/vm"

	"ortho/cmd/ortho/internal/commandline"
)

// Filter is an expression. It is for one goroutine.
type Filter struct {
	program *vm.Program
	errors  bool // it speaks of them
	vm      vm.VM
}

// maxText bounds the bytes of an expression.
const maxText = 1 << 16

// Parse reads an expression over fields, a struct. An error shows the place, and names what is
// known.
func Parse(text string, fields any) (*Filter, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("it has %d bytes, and may have %d", len(text), maxText)
	}
	if strings.TrimSpace(text) == "" {
		return nil, errors.New("it is empty")
	}
	names := namesOf(reflect.TypeOf(fields))
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, told(err, names, elementsOf(fields))
	}
	var seen idents
	ast.Walk(&tree.Node, &seen)
	for name, at := range seen.inside {
		if list := elementsOf(fields); slices.Contains(list, name) {
			return nil, told((&file.Error{Location: at, Message: fmt.Sprintf("within any(...) and its like, an element's own %s is .%[1]s", name)}).Bind(tree.Source), names, nil)
		}
	}
	program, err := expr.Compile(text, expr.Env(fields), expr.AsBool())
	if err != nil {
		return nil, told(err, names, elementsOf(fields))
	}
	return &Filter{program: program, errors: slices.Contains(seen.all, "error")}, nil
}

// Keeps reports whether a row is kept. A row that is an error is kept by every expression that does
// not speak of errors.
func (f *Filter) Keeps(fields any, failed bool) (bool, error) {
	if failed && !f.errors {
		return true, nil
	}
	value, err := f.vm.Run(f.program, fields)
	if err != nil {
		return false, err
	}
	keeps, _ := value.(bool)
	return keeps, nil
}

// idents are the names in an expression.
type idents struct {
	all    []string
	inside map[string]file.Location // of them, within predicates
}

func (s *idents) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		s.all = append(s.all, n.Value)
	case *ast.PredicateNode:
		var within idents
		ast.Walk(&n.Node, &within)
		if s.inside == nil {
			s.inside = map[string]file.Location{}
		}
		for _, name := range within.all {
			s.inside[name] = n.Location()
		}
	}
}

func namesOf(of reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(of) {
		if name := f.Tag.Get("expr"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// elementsOf are the names of what the lists of a row hold.
func elementsOf(fields any) (names []string) {
	for _, f := range reflect.VisibleFields(reflect.TypeOf(fields)) {
		if f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Struct {
			names = append(names, namesOf(f.Type.Elem())...)
		}
	}
	return names
}

// elsewhere are names that fields have in programs alike.
var elsewhere = map[string][]string{"probability": {"p"}, "prob": {"p"}, "score": {"p", "cosine"}, "confidence": {"p"}, "conf": {"p"}, "similarity": {"cosine"},
	"name": {"label", "class", "input"}, "class": {"label"}, "category": {"label"}, "tag": {"label"}, "title": {"label"}, "file": {"input"}, "filename": {"input"}, "path": {"input"},
	"image": {"input"}, "text": {"sentence", "input"}, "predictions": {"classes"}, "labels": {"classes", "tags", "detections"}, "boxes": {"detections"}, "objects": {"detections"},
	"area": {"share"}, "failed": {"error"}, "w": {"width"}, "h": {"height"}}

// noField is what the compiler says of an element of a list.
var noField = regexp.MustCompile(`type \S+ has no field (\w+)`)

// told adds to an error what may have been meant, and what is known.
func told(err error, names, elements []string) error {
	text, hint := err.Error(), ""
	if strings.Contains(text, `Operator("=")`) {
		hint = "\nequal is =="
	}
	if _, rest, is := strings.Cut(text, "unknown name "); is {
		name, _, _ := strings.Cut(rest, " ")
		hint = cmp.Or(meant(name, names), "\na text stands in quotes")
	} else if m := noField.FindStringSubmatch(text); m != nil {
		text = strings.Replace(text, m[0], "an element has no ."+m[1], 1)
		hint, names = meant(m[1], elements), elements
	}
	return fmt.Errorf("%s%s\nknown are %s", text, hint, strings.Join(names, ", "))
}

// meant is what an unknown name may stand for.
func meant(name string, names []string) string {
	for _, own := range elsewhere[strings.ToLower(name)] {
		if slices.Contains(names, own) {
			return "\ndid you mean " + own + "?"
		}
	}
	if near := commandline.DidYouMean(name, names); near != "" {
		return "\n" + strings.TrimPrefix(near, "; ")
	}
	return ""
}
