// Package notices knows what the program is made of, and under which licences: the modules that are
// linked, Go's own library, data and models within, and what is loaded when it runs.
//
//	go list, licence files --make--> notices.json, texts/ --All--> parts --SPDX--> SBOM
//
// notices.json and texts are generated (make notices); a test of ./make compares them with go.mod
// and the packages that are linked.
package notices

import (
	"bytes"
	"cmp"
	"embed"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"ortho/models/bundled"
)

//go:generate go run ./make

//go:embed notices.json texts
var files embed.FS

// Kind says how a part belongs to the program.
type Kind string

const (
	Program Kind = "program" // the program itself
	Go      Kind = "go"      // Go's runtime and standard library
	Module  Kind = "module"  // a module of which packages are linked
	Code    Kind = "code"    // other code or data that is compiled in
	Model   Kind = "model"   // a bundled model
	Loaded  Kind = "loaded"  // loaded at run time where it is there, and no part of the binary
)

// Part is something that has a licence of its own.
type Part struct {
	Kind    Kind   `json:"kind"`
	Name    string `json:"name"` // a module's path
	Version string `json:"version,omitempty"`
	// Licence is the one that it is used under, as an SPDX expression; Declared the one that its
	// authors state, where that leaves a choice.
	Licence  string `json:"license"`
	Declared string `json:"declared,omitempty"`
	Note     string `json:"note,omitempty"` // a sentence: how it comes in, or what its licence asks to be said
	// Texts name the licences' texts, and notices that go with them, for [Text].
	Texts []string `json:"texts,omitempty"`
}

// All are the parts of this binary, in the order of the kinds, and what it loads. Of the modules those
// are listed that the build says are linked on this system; all, where it says nothing. The error
// names a module that is linked and has no notice, or another version of one.
func All() ([]Part, error) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{GoVersion: runtime.Version()}
	}
	return Of(info)
}

// Of are the parts of a binary of the same sources, perhaps for another system, of which its build says this.
func Of(info *debug.BuildInfo) ([]Part, error) {
	data, err := files.ReadFile("notices.json")
	if err != nil {
		return nil, err
	}
	return parts(data, info)
}

func parts(table []byte, info *debug.BuildInfo) ([]Part, error) {
	var all []Part
	if err := json.Unmarshal(table, &all); err != nil {
		return nil, fmt.Errorf("read the table of notices: %w", err)
	}
	linked := map[string]string{}
	for _, m := range info.Deps {
		linked[m.Path] = cmp.Or(m.Replace, m).Version
	}
	var kept []Part
	for _, p := range all {
		version, is := linked[p.Name]
		switch {
		case p.Kind == Go:
			p.Version = strings.TrimPrefix(info.GoVersion, "go")
		case p.Kind == Module && is && version != p.Version:
			return nil, fmt.Errorf("%s %s is linked, and the notice is that of %s: make notices", p.Name, version, p.Version)
		case p.Kind == Module && !is && len(info.Deps) > 0:
			continue
		}
		delete(linked, p.Name)
		kept = append(kept, p)
	}
	if len(linked) > 0 {
		names := make([]string, 0, len(linked))
		for name := range linked {
			names = append(names, name)
		}
		slices.Sort(names)
		return nil, fmt.Errorf("no notice of %s: make notices", strings.Join(names, ", "))
	}
	return kept, nil
}

// Text is a licence's text, or a notice's, by its name in [Part.Texts].
func Text(name string) (string, error) {
	if model, ok := strings.CutPrefix(name, "models/"); ok {
		folder, err := bundled.FS(model)
		if err != nil {
			return "", err
		}
		text, err := fs.ReadFile(folder, "LICENSE")
		return string(text), err
	}
	text, err := files.ReadFile("texts/" + name + ".txt")
	return string(text), err
}

// Write writes the texts of parts, each once, below the names of those that it holds for.
func Write(w io.Writer, all []Part) error {
	holds := map[string][]string{}
	var order []string
	for _, p := range all {
		name := strings.TrimSpace(p.Name + " " + p.Version)
		if p.Note != "" {
			name += "\n  " + p.Note
		}
		for _, text := range p.Texts {
			if holds[text] == nil {
				order = append(order, text)
			}
			holds[text] = append(holds[text], name)
		}
	}
	var b bytes.Buffer
	for _, text := range order {
		body, err := Text(text)
		if err != nil {
			return fmt.Errorf("read the licence of %s: %w", holds[text][0], err)
		}
		fmt.Fprintf(&b, "%s\n%s\n%[1]s\n\n%[3]s\n\n", strings.Repeat("=", 78), strings.Join(holds[text], "\n"), strings.TrimRight(body, "\n"))
	}
	_, err := w.Write(b.Bytes())
	return err
}
