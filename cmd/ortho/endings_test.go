package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/flags"

	"github.com/urfave/cli/v2"
)

// TestEndings: an output's name tells the truth. A file whose ending says another format
// than is written is refused, by every command and flag that names one, before any work.
func TestEndings(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "cat.png", "no image: nothing here reads it")
	const rows = ".csv, .tsv, .xlsx, .parquet (or .pq), .npz, .npy (of embeddings) and .txt (a table) are known"
	const pictures = "png, jpeg, webp, tiff"
	seen := map[string]bool{}
	for _, c := range []struct {
		command string // with its arguments
		flag    string
		wrong   []string // names
		want    string
	}{
		{"classify cat.png", "output", []string{"x.xls", "x.ods", "x.sqlite", "x.md", "x.html", "x.png", "x.jsonl.gz", "x.out", "x.v2"}, rows},
		{"classify cat.png -f csv", "output", []string{"x.parquet", "x.jsonl", "x.json", "x.xlsx", "x.csv.gz"}, "ends with .csv"},
		{"classify cat.png -f jsonl", "output", []string{"x.json", "x.csv"}, "ends with .jsonl or .ndjson"},
		{"classify cat.png -f parquet", "output", []string{"x.txt", "x.csv"}, "ends with .parquet or .pq"},
		{"classify cat.png -f json", "output", []string{"x.txt", "x.jsonl"}, "ends with .json"},
		{"classify cat.png -f xlsx", "output", []string{"x.txt", "x.xls", "x.csv"}, "ends with .xlsx"},
		{"classify cat.png -f wide", "output", []string{"x.tsv", "x.xlsx"}, "ends with .csv"},
		{"convert rows.jsonl", "output", []string{"x.xls", "x.sqlite"}, rows},
		{"convert rows.jsonl -f tsv", "output", []string{"x.csv"}, "ends with .tsv or .tab"},
		{"classify cat.png", "html", []string{"x.json", "x.md", "x.png", "x.jsonl"}, "ends with .html or .htm"},
		{"sort cat.png --into OUT --copy", "output", []string{"x.h5", "x.pt"}, rows},
		{"classify-text cat", "output", []string{"x.html", "x.pkl"}, rows},
		{"embed cat.png -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"describe cat.png", "output", []string{"x.md", "x.xml"}, rows},
		{"detect cat.png -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"tag cat.png -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"tag cat.png -m none", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"depth cat.png -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"depth cat.png -m none", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"segment cat.png -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"segment cat.png -m none", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"cutout cat.png", "output", []string{"x.json", "x.jsonl", "x.bmp"}, pictures},
		{"cutout cat.png -o y.png", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"detect cat.png -m none", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"search i.jsonl cat -m none", "output", []string{"x.h5", "x.pt"}, rows},
		{"dupes cat.png", "output", []string{"x.h5", "x.pt"}, rows},
		{"generate cat.png", "output", []string{"x.json", "x.jsonl", "x.npy", "x.parquet", "x.html", "x.bmp", "x.svg", "x.avif"}, pictures},
		{"generate cat.png", "output", []string{"x.gif"}, "GIF is for what is made without an image"},
		{"generate cat.png -f png", "output", []string{"x.jpg"}, "say different things"},
		{"generate --text seven", "output", []string{"x.json", "x.parquet", "x.bmp"}, pictures},
		{"generate --text seven", "grid", []string{"x.gif", "x.html", "x"}, ".png, .jpg, .webp and .tif are known"},
		{"generate cat.png -o y.png", "html", []string{"x.png", "x.json"}, "ends with .html or .htm"},
		{"imagine cat.png", "output", []string{"x.json", "x.jsonl", "x.bmp"}, pictures},
		{"imagine cat.png", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"imagine cat.png", "json", []string{"x.jsonl", "x.html", "x.csv"}, "ends with .json"},
		{"describe cat.png", "html", []string{"x.json", "x.png"}, "ends with .html or .htm"},
		{"eval --data .", "output", []string{"x.csv", "x.jsonl", "x.html"}, "ends with .json"},
		{"eval --data .", "html", []string{"x.json", "x.pdf"}, "ends with .html or .htm"},
		{"bench run", "output", []string{"x.json", "x.csv", "x.parquet"}, "ends with .jsonl or .ndjson"},
		{"bench run", "html", []string{"x.json", "x.md"}, "ends with .html or .htm"},
		{"bench run", "save-settings", []string{"x.jsonl", "x.yaml", "x.toml"}, "ends with .json"},
		{"bench report x.jsonl", "html", []string{"x.md", "x.csv"}, "ends with .html or .htm"},
		{"compare -m efficientnet-lite0 -m efficientnet-lite0-int8 cat.png", "output", []string{"x.jsonl", "x.csv", "x.html", "x.md"}, "ends with .txt"},
		{"compare -m efficientnet-lite0 -m efficientnet-lite0-int8 cat.png --json", "output", []string{"x.jsonl", "x.csv"}, "ends with .json"},
		{"plan cat.png -n 1", "output", []string{"x.json", "x.csv", "x.txt.gz"}, "ends with .jsonl or .ndjson"},
		{"gather . --plan none", "output", []string{"x.xls", "x.md"}, rows},
		{"preprocess cat.png", "output", []string{"x.npz", "x.json", "x.png", "x.pt", "x.txt"}, "ends with .npy"},
	} {
		words := strings.Fields(c.command)
		seen[commandOf(words)+" --"+c.flag] = true
		for _, name := range c.wrong {
			code, stdout, stderr := execute(t, "", with(words, "--"+c.flag, name)...)
			if code != exitUsage || stdout != "" || !strings.Contains(stderr, name) || !strings.Contains(stderr, c.want) {
				t.Errorf("%s --%s %s: exit %d, %q, stderr %q; want exit %d and %q", c.command, c.flag, name, code, stdout, stderr, exitUsage, c.want)
			}
		}
	}
	if left, err := os.ReadDir("."); err != nil || len(left) != 1 {
		t.Errorf("%v is left behind, %v", left, err)
	}
	for _, flag := range fileFlags(newApp().Commands, "") {
		if !seen[flag] {
			t.Errorf("%s names a file that is written, and is not among the cases", flag)
		}
	}
}

// commandOf is a command line's command.
func commandOf(words []string) string {
	if words[0] == "bench" {
		return strings.Join(words[:2], " ")
	}
	return words[0]
}

// fileFlags are all flags that name a file to write, behind their commands.
func fileFlags(commands []*cli.Command, above string) (all []string) {
	for _, c := range commands {
		if c.Hidden {
			continue
		}
		for _, f := range c.Flags {
			if s, ok := f.(*cli.StringFlag); ok && flags.Writes(s.Name) {
				all = append(all, above+c.Name+" --"+s.Name)
			}
		}
		all = append(all, fileFlags(c.Subcommands, above+c.Name+" ")...)
	}
	return all
}

// TestEndingsThatPass: --format names the format where the ending says none, as do flags
// that write one format alone; devices and standard output need no ending.
func TestEndingsThatPass(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	for _, c := range []struct{ name, format, begins string }{
		{"rows", "", "{"}, {"rows.txt", "jsonl", "{"}, {"rows.2024", "csv", "input,"}, {"rows.NDJSON", "", "{"}, {"table.txt", "", "┌"}, {"rows.pq", "", "PAR1"},
	} {
		args := []string{"classify-text", "a cat", "-o", filepath.Join(dir, c.name)}
		if c.format != "" {
			args = append(args, "-f", c.format)
		}
		code, _, stderr := execute(t, "", args...)
		if code != exitOK {
			t.Errorf("%s: exit %d, %s", c.name, code, stderr)
			continue
		}
		if text := read(t, filepath.Join(dir, c.name)); !strings.HasPrefix(text, c.begins) {
			t.Errorf("%s begins with %.10q, want %q", c.name, text, c.begins)
		}
	}
	if code, stdout, stderr := execute(t, "", "classify-text", "a cat", "-o", "-"); code != exitOK || !strings.HasPrefix(stdout, "{") {
		t.Errorf("-o -: exit %d, %.20q, %s", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, "", "classify-text", "a cat", "-o", os.DevNull); code != exitOK {
		t.Errorf("-o %s: exit %d, %s", os.DevNull, code, stderr)
	}
	if code, stdout, stderr := execute(t, "", "preprocess", cat, "-o", filepath.Join(dir, "x.tensor")); code != exitOK {
		t.Errorf("x.tensor: exit %d, %q, %s", code, stdout, stderr)
	}
}
