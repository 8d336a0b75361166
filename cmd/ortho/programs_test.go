package main

import (
	"cmp"
	"encoding/csv"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// programRows are rows whose texts programs would take for something else. None has a control
// character: CSV with those is for programs that were told.
const programRows = `{"input":"a.jpg","predictions":[{"index":1,"label":"=1+1","id":"00123","probability":0.386064},{"index":7,"label":"-2+3","probability":0.25}],"width":4,"height":3}
{"input":"MARCH1","predictions":[{"index":2,"label":"1-2","probability":1}],"width":1,"height":1}
{"input":"+49 30 1234","predictions":[{"index":3,"label":"00123","probability":1e-06}],"width":1,"height":2}
{"input":"a, \"b\"\tc;'d' größe 図","predictions":[{"index":4,"label":"12/05/2026","id":"TRUE","probability":0.5}],"width":1,"height":2}
{"input":"@SUM(A1)","predictions":[{"index":5,"label":"#N/A","id":"1e5","probability":0.5}],"width":1,"height":2}
{"input":"no.jpg","error":{"kind":"decode","message":"decode no.jpg: cut off"}}
`

const programEmbeddings = `{"input":"a.jpg","embedding":[0.5,-1.25],"width":2,"height":3}
{"input":"größe","embedding":[1,2],"width":4,"height":5}
{"input":"b\ufffd.jpg","embedding":null,"error":{"kind":"decode","message":"no image"},"input_bytes":"Yv8uanBn"}
`

// programFiles writes rows in all formats, for programs to read.
func programFiles(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	rows, embeddings := write(t, at("rows.jsonl"), programRows), write(t, at("embeddings.jsonl"), programEmbeddings)
	png := write(t, at("red.png"), square(t, red, 40))
	pictures := write(t, at("pictures.jsonl"), `{"input":"`+filepath.ToSlash(png)+`","predictions":[],"width":40,"height":40}`+"\n"+`{"input":"none.png","predictions":[],"width":40,"height":40}`+"\n")
	for _, args := range [][]string{
		{rows, at("rows.json")}, {rows, at("rows.csv")}, {rows, at("rows.tsv")}, {rows, at("rows.xlsx")}, {rows, at("rows.parquet")},
		{rows, at("wide.csv"), "-f", "wide"}, {embeddings, at("embeddings.npz")}, {embeddings, at("embeddings.npy")}, {pictures, at("pictures.xlsx"), "--thumbnails"},
	} {
		if code, _, stderr := execute(t, "", with([]string{"convert"}, args...)...); code != exitOK {
			t.Fatalf("%s: exit %d, %s", args, code, stderr)
		}
	}
	return dir
}

// TestProgramsRead has the programs that people open files with read what is written. PYTHON names another
// Python than python3.
func TestProgramsRead(t *testing.T) {
	dir := programFiles(t)
	for _, program := range []string{"openpyxl", "pandas", "duckdb", "numpy", "sqlite"} {
		t.Run(program, func(t *testing.T) {
			python, err := exec.LookPath(cmp.Or(os.Getenv("PYTHON"), "python3"))
			module := map[string]string{"sqlite": "sqlite3"}[program]
			if err != nil || exec.Command(python, "-c", "import "+cmp.Or(module, program)).Run() != nil {
				t.Skip("needs Python with " + program)
			}
			if program == "pandas" && exec.Command(python, "-c", "import openpyxl").Run() != nil {
				t.Skip("needs openpyxl for pandas")
			}
			if program == "sqlite" {
				if _, err := exec.LookPath("sqlite3"); err != nil {
					t.Skip("needs the program sqlite3")
				}
				if text, err := exec.Command("sqlite3", filepath.Join(dir, "rows.sqlite"), ".import --csv "+filepath.ToSlash(filepath.Join(dir, "wide.csv"))+" wide").CombinedOutput(); err != nil {
					t.Fatalf("%v, %s", err, text)
				}
			}
			if text, err := exec.Command(python, "testdata/read_formats.py", dir, program).CombinedOutput(); err != nil || strings.TrimSpace(string(text)) != "as written" {
				t.Errorf("%v\n%s", err, text)
			}
		})
	}
}

// TestLibreOfficeReads has LibreOffice open the sheet, and write what its cells show.
func TestLibreOfficeReads(t *testing.T) {
	office, err := exec.LookPath("soffice")
	if err != nil {
		t.Skip("needs LibreOffice")
	}
	dir := programFiles(t)
	out := t.TempDir()
	for _, name := range []string{"rows", "pictures"} {
		cmd := exec.Command(office, "--headless", "-env:UserInstallation=file://"+filepath.ToSlash(filepath.Join(out, "profile")),
			"--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", "--outdir", out, filepath.Join(dir, name+".xlsx"))
		if text, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v, %s", err, text)
		}
	}
	shown, err := csv.NewReader(strings.NewReader(read(t, filepath.Join(out, "rows.csv")))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	want, err := csv.NewReader(strings.NewReader(read(t, filepath.Join(dir, "wide.csv")))).ReadAll()
	if err != nil || len(shown) != len(want) {
		t.Fatalf("%d records, want %d, %v", len(shown), len(want), err)
	}
	number := map[string]string{"1e-06": "0.000001"}
	for i := range want {
		for j, text := range want[i] {
			if got := shown[i][j]; got != cmp.Or(number[text], text) {
				t.Errorf("record %d, %s: %q, want %q", i+1, want[0][j], got, text)
			}
		}
	}
}
