package pages

import (
	"cmp"
	"io"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
	"ortho/runner/library"
)

// Runtime is a library that was found; its JSON is an output format.
type Runtime struct {
	Used      bool     `json:"used"`
	Source    string   `json:"source"`
	Version   string   `json:"version,omitempty"`
	Flavor    string   `json:"flavor"`
	Providers []string `json:"providers"` // that were compiled in
	Pinned    bool     `json:"pinned"`    // its SHA-256 is an official build's that ortho knows
	Path      string   `json:"path"`
	Error     string   `json:"error,omitempty"`
}

// Runtimes describes libraries, in their order.
func Runtimes(all []library.Found) []Runtime {
	rows := make([]Runtime, len(all))
	for i, f := range all {
		rows[i] = Runtime{Used: f.Used, Source: f.Source, Version: f.Version, Flavor: f.Flavor, Providers: f.Providers, Pinned: f.Pinned, Path: f.Path}
		if f.Err != nil {
			rows[i].Error = remedy.Text(f.Err)
		}
	}
	return rows
}

// PrintRuntimes prints the libraries of ONNX Runtime, and those that read and write images.
func PrintRuntimes(w io.Writer, all []Runtime, images []preprocess.ImageLibrary) error {
	if len(all) > 0 {
		if err := RuntimeTable(all).Print(w); err != nil {
			return err
		}
	}
	return imageTable(images).Print(w)
}

// imageTable has a row for each library that reads or writes images.
func imageTable(all []preprocess.ImageLibrary) *grid.Table {
	t := grid.New(grid.Text("images"), grid.Text("use"), grid.Text("version"), grid.Text("library"))
	for _, l := range all {
		t.Row(l.Name, l.Use, term.Clean(l.Version), term.Clean(cmp.Or(l.Error, l.Path)))
	}
	return t
}

// RuntimeTable has a row for each library.
func RuntimeTable(rows []Runtime) *grid.Table {
	t := grid.New(grid.Text("used"), grid.Text("source"), grid.Text("version"), grid.Text("flavor"), grid.Text("providers"), grid.Text("library"))
	for _, r := range rows {
		used := ""
		if r.Used {
			used = "*"
		}
		library := r.Path
		if !r.Pinned {
			library += " (not pinned: no build that ortho knows by its SHA-256)"
		}
		// An error names the path.
		t.Row(used, r.Source, term.Clean(r.Version), term.Clean(r.Flavor), term.Clean(strings.Join(r.Providers, " ")), term.Clean(cmp.Or(r.Error, library)))
	}
	return t
}
