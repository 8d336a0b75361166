package examples

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestPandas: rows of paths that pandas has, where Python has it.
func TestPandas(t *testing.T) {
	python := with(t, "pandas")
	dir := t.TempDir()
	paths, rows := filepath.Join(dir, "paths.csv"), filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(paths, []byte("path\n"+photo(0)+"\nnone.jpg\n"+photo(1)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, environment(t), python, "pandas_rows.py", paths, rows)
	text, err := os.ReadFile(rows)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"input,label,probability,error", "tiger cat,0.38", "none.jpg,,,none.jpg: no such file", "espresso,0.94"} {
		if lines := strings.Split(string(text), "\n"); !strings.Contains(lines[i], want) {
			t.Errorf("%q, want %q", lines[i], want)
		}
	}
}

func TestDuckDB(t *testing.T) {
	python := with(t, "duckdb")
	dir := t.TempDir()
	query, err := filepath.Abs("duckdb.sql")
	if err != nil {
		t.Fatal(err)
	}
	plan, rows := filepath.Join(dir, "plan.jsonl"), filepath.Join(dir, "rows")
	for _, args := range [][]string{
		{"plan", photo(0), photo(1), photo(2), "-n", "3", "-o", plan},
		{"classify", "--plan", plan, "--plan-task", "0", "-o", rows + "/", "-f", "parquet"},
		{"classify", "--plan", plan, "--plan-task", "1", "-o", rows + "/", "-f", "parquet"},
		{"classify", "--plan", plan, "--plan-task", "2", "-o", rows + "/", "-f", "parquet"},
		{"gather", rows, "--plan", plan},
	} {
		if code, _, stderr := ortho(t, args...); code != 0 {
			t.Fatal(stderr)
		}
	}
	cmd := exec.Command(python, "-c", "import sys, duckdb; print(duckdb.connect().execute(open(sys.argv[1]).read()).fetchall())", query)
	cmd.Dir = dir
	text, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(text), "('espresso', 1, 0.946)") {
		t.Errorf("%v, %s", err, text)
	}
	_, ddl, _ := ortho(t, "schema", "classify", "--ddl")
	output(t, os.Environ(), python, "-c", "import sys, duckdb; duckdb.connect().execute(sys.argv[1])", ddl)
}

// with is a Python that has a module.
func with(t *testing.T, module string) string {
	t.Helper()
	python := os.Getenv("PYTHON")
	if python == "" {
		python = "python3"
	}
	if exec.Command(python, "-c", "import "+module).Run() != nil {
		t.Skipf("%s has no %s (PYTHON names one that has): pip install %[2]s", python, module)
	}
	return python
}

// TestManifests: what Kubernetes and AWS Batch are told is a command line that ortho takes, as far as it can be
// without a plan.
func TestManifests(t *testing.T) {
	yaml, err := os.ReadFile("kubernetes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(yaml), "command:")
	block, _, _ = strings.Cut(block, "resources:")
	var kubernetes []string
	for _, m := range regexp.MustCompile(`(?m)^ +- "?([^"\n]+)"?$`).FindAllStringSubmatch(block, -1) {
		kubernetes = append(kubernetes, m[1])
	}
	data, err := os.ReadFile("aws-batch.json")
	if err != nil {
		t.Fatal(err)
	}
	var batch struct{ ContainerProperties struct{ Command []string } }
	if err := json.Unmarshal(data, &batch); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	plan := filepath.Join(dir, "plan.jsonl")
	if code, _, stderr := ortho(t, "plan", photo(0), photo(1), "-n", "4", "-o", plan); code != 0 {
		t.Fatal(stderr)
	}
	for name, c := range map[string]struct {
		words []string
		env   []string
	}{
		"kubernetes": {kubernetes, []string{"JOB_COMPLETION_INDEX=1"}},
		"aws-batch":  {batch.ContainerProperties.Command, []string{"AWS_BATCH_JOB_ARRAY_INDEX=3", "AWS_BATCH_JOB_ARRAY_SIZE=4"}},
	} {
		if len(c.words) < 9 || c.words[0] != "ortho" {
			t.Errorf("%s: %q", name, c.words)
			continue
		}
		replaced := strings.NewReplacer("/data/plan.jsonl", plan, "Ref::plan", plan, "/data/rows/", dir+"/"+name+"/", "Ref::rows", dir+"/"+name+"/")
		words := make([]string, len(c.words))
		for i, word := range c.words {
			words[i] = replaced.Replace(word)
		}
		words[0], _ = built()
		if text := output(t, environment(t, c.env...), words...); !strings.Contains(text, "of 4") {
			t.Errorf("%s: %s", name, text)
		}
	}
}
