package describe

import (
	"bytes"
	"embed"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"unicode/utf8"

	"ortho/runner/regular"
)

//go:embed prompts
var prompts embed.FS

var (
	frame   = template.Must(template.New("frame.tmpl").Funcs(functions).ParseFS(prompts, "prompts/frame.tmpl"))
	confirm = template.Must(template.New("confirm.tmpl").Funcs(functions).ParseFS(prompts, "prompts/confirm.tmpl"))
	decide  = template.Must(template.New("decide.tmpl").Funcs(functions).ParseFS(prompts, "prompts/decide.tmpl"))

	functions = template.FuncMap{"percent": func(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) }}
)

// maxPrompt bounds a prompt's file, and the text rendered from it, in bytes.
const maxPrompt = 64 << 10

// Prompt says what text an image gets. What goes with every prompt (the language, the
// candidates, the form of the answer) is added to it.
type Prompt struct {
	Name     string
	About    string // one line
	template *template.Template
}

// Prompts returns the prompts that are built in.
func Prompts() []Prompt {
	files, _ := prompts.ReadDir("prompts")
	var all []Prompt
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".txt")
		if !ok {
			continue
		}
		data, err := prompts.ReadFile("prompts/" + f.Name())
		if err != nil {
			panic(err) // it is in the program
		}
		p, err := parsePrompt(name, data)
		if err != nil {
			panic(err)
		}
		all = append(all, p)
	}
	return all
}

// FindPrompt returns a built-in prompt by its name, or else reads a file.
//
// A file is a template of package text/template, in UTF-8, of at most 64 KiB; a first line
// that begins with # is about it, and not sent. {{.Language}} is the language asked for, or
// "". {{range .Candidates}} goes through the candidates, which have {{.Index}}, {{.Name}}
// and {{percent .Probability}}; there are none where evidence is turned off.
func FindPrompt(name string) (Prompt, error) {
	var names []string
	for _, p := range Prompts() {
		if p.Name == name {
			return p, nil
		}
		names = append(names, p.Name)
	}
	f, err := regular.Open(name)
	if err != nil {
		return Prompt{}, fmt.Errorf("prompt %q is none of %s, and no file: %w", name, strings.Join(names, ", "), err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxPrompt+1))
	if err != nil {
		return Prompt{}, fmt.Errorf("read the prompt: %w", err)
	}
	p, err := parsePrompt(strings.TrimSuffix(filepath.Base(name), filepath.Ext(name)), data)
	if err != nil {
		return Prompt{}, fmt.Errorf("prompt %s: %w", name, err)
	}
	return p, nil
}

func parsePrompt(name string, data []byte) (Prompt, error) {
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch {
	case len(data) > maxPrompt:
		return Prompt{}, fmt.Errorf("it has more than %d bytes", maxPrompt)
	case !utf8.Valid(data):
		return Prompt{}, errors.New("it is not in UTF-8")
	}
	text := strings.ReplaceAll(string(data), "\r\n", "\n")
	about := ""
	if rest, ok := strings.CutPrefix(text, "#"); ok {
		about, text, _ = strings.Cut(rest, "\n")
	} else {
		about, _, _ = strings.Cut(strings.TrimSpace(text), "\n")
	}
	if strings.TrimSpace(text) == "" {
		return Prompt{}, errors.New("it is empty")
	}
	t, err := template.New(name).Funcs(functions).Parse(text)
	if err != nil {
		return Prompt{}, err
	}
	if len(t.Templates()) > 1 {
		return Prompt{}, errors.New("it defines templates: a prompt is one")
	}
	if err := restrict(t.Root, false); err != nil {
		return Prompt{}, err
	}
	p := Prompt{Name: name, About: short(line(about)), template: t}
	// A wrong field shows only when it is used.
	if _, err := p.task(promptData{Language: "German", Candidates: []Candidate{{1, "tench", 0.5}}}); err != nil {
		return Prompt{}, err
	}
	return p, nil
}

// restrict refuses what a prompt has no use for and could run without an end, or ask for
// memory without one: other functions than comparisons, ranges over numbers, and ranges within a
// range.
func restrict(node parse.Node, ranging bool) error {
	allowed := []string{"percent", "eq", "ne", "lt", "le", "gt", "ge", "and", "or", "not", "len"}
	all := func(nodes ...parse.Node) error {
		for _, n := range nodes {
			if err := restrict(n, ranging); err != nil {
				return err
			}
		}
		return nil
	}
	branch := func(n *parse.BranchNode) error {
		if n.ElseList != nil {
			return all(n.Pipe, n.List, n.ElseList)
		}
		return all(n.Pipe, n.List)
	}
	switch n := node.(type) {
	case *parse.ListNode:
		return all(n.Nodes...)
	case *parse.ActionNode:
		return restrict(n.Pipe, ranging)
	case *parse.IfNode:
		return branch(&n.BranchNode)
	case *parse.WithNode:
		return branch(&n.BranchNode)
	case *parse.RangeNode:
		switch {
		case ranging:
			return fmt.Errorf("{{range %s}} stands within another one", n.Pipe)
		case !isCandidates(n.Pipe):
			return fmt.Errorf("{{range %s}}: only .Candidates can be gone through", n.Pipe)
		}
		ranging = true
		return branch(&n.BranchNode)
	case *parse.PipeNode:
		for _, c := range n.Cmds {
			if err := all(c.Args...); err != nil {
				return err
			}
		}
	case *parse.IdentifierNode:
		if !slices.Contains(allowed, n.Ident) {
			return fmt.Errorf("there is no function %s: %s", n.Ident, strings.Join(allowed, ", "))
		}
	case *parse.ChainNode: // (...).Name
		return restrict(n.Node, ranging)
	case *parse.TemplateNode:
		return errors.New("it calls a template: a prompt is one")
	}
	return nil
}

// isCandidates reports whether a pipe is .Candidates or $.Candidates, and nothing else.
func isCandidates(pipe *parse.PipeNode) bool {
	if len(pipe.Cmds) != 1 || len(pipe.Cmds[0].Args) != 1 {
		return false
	}
	switch n := pipe.Cmds[0].Args[0].(type) {
	case *parse.FieldNode:
		return slices.Equal(n.Ident, []string{"Candidates"})
	case *parse.VariableNode:
		return slices.Equal(n.Ident, []string{"$", "Candidates"})
	}
	return false
}

// promptData is what a prompt may use.
type promptData struct {
	Language   string
	Candidates []Candidate
}

// task renders a prompt.
func (p Prompt) task(data promptData) (string, error) { return render(p.template, data) }

func render(t *template.Template, data any) (string, error) {
	w := &bounded{}
	if err := t.Execute(w, data); err != nil {
		return "", fmt.Errorf("fill in the prompt: %w", err)
	}
	return strings.TrimSpace(w.String()), nil
}

// bounded is a text of at most maxPrompt bytes.
type bounded struct{ strings.Builder }

func (b *bounded) Write(p []byte) (int, error) {
	if b.Len()+len(p) > maxPrompt {
		return 0, fmt.Errorf("it becomes longer than %d bytes", maxPrompt)
	}
	return b.Builder.Write(p)
}
