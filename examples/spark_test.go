//go:build unix

package examples

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// spark is the folder of Spark's programs: beside the Python of PYTHON, or in the path.
func spark(t *testing.T) (python, bin string) {
	t.Helper()
	needed(t, "Spark runs on Java 17 or newer", "java")
	if python = os.Getenv("PYTHON"); python == "" {
		python = "python3"
	}
	text, err := exec.Command(python, "-c", "import os, pyspark, pyarrow; print(os.path.join(os.path.dirname(pyspark.__file__), 'bin'))").Output()
	if err != nil {
		t.Skipf("%s has no pyspark and pyarrow (PYTHON names one that has): pip install pyspark pyarrow", python)
	}
	return python, strings.TrimSpace(string(text))
}

// submit runs a program of Spark on two executors, of which the first is killed as soon as an ortho runs.
func submit(t *testing.T, python string, args ...string) {
	t.Helper()
	env := environment(t, "SPARK_LOCAL_IP=127.0.0.1", "PYSPARK_PYTHON="+python, "PYSPARK_DRIVER_PYTHON="+python)
	cmd := exec.Command(args[0], append([]string{"--master", "local-cluster[2,1,1024]", "--conf", "spark.ui.enabled=false", "--conf", "spark.driver.host=127.0.0.1",
		"--conf", "spark.sql.warehouse.dir=" + t.TempDir()}, args[1:]...)...)
	cmd.Env, cmd.Dir = env, t.TempDir() // the workers' folder work
	var log bytes.Buffer
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	killed := false
	for begin := time.Now(); ; time.Sleep(100 * time.Millisecond) {
		select {
		case err := <-ended:
			if err != nil || !killed {
				t.Fatalf("%q: %v, an executor was killed: %v\n%s", args, err, killed, log.String()[max(0, log.Len()-6000):])
			}
			return
		default:
		}
		if time.Since(begin) > 10*time.Minute {
			t.Fatalf("%q does not end\n%s", args, log.String())
		}
		if executors := children(cmd.Process.Pid, "CoarseGrainedExecutorBackend"); !killed && len(executors) > 0 {
			for _, pid := range executors {
				if !killed && len(children(pid, "--max-failed")) > 0 {
					killed = syscall.Kill(pid, syscall.SIGKILL) == nil
					t.Logf("an executor was killed %v after the start", time.Since(begin).Round(time.Second))
				}
			}
		}
	}
}

// rowsOf are a Parquet data set's inputs, sorted, with what failed marked.
func rowsOf(t *testing.T, python, folder string) string {
	t.Helper()
	return output(t, os.Environ(), python, "-c", `
import sys, pyarrow.parquet as pq
for row in sorted(pq.read_table(sys.argv[1], columns=["input", "predictions", "error"]).to_pylist(), key=lambda row: row["input"]):
    print(row["input"].removeprefix("file:"), row["predictions"][0]["label"] if row["predictions"] else "!")`, folder)
}

// TestSpark: an executor of two is killed while it classifies 400 images, of which 3 are broken: all rows are there, each once.
func TestSpark(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes minutes of CPU time: make test-engines has it")
	}
	python, bin := spark(t)
	dir := t.TempDir()
	var paths, want []string
	labels := []string{"tiger cat", "espresso", "otter", "tripod"}
	for i := range 400 {
		name := filepath.Join(dir, "images", fmt.Sprintf("%03d.jpg", i))
		data, err := os.ReadFile(photo(i))
		if err != nil {
			t.Fatal(err)
		}
		label := labels[i%len(labels)]
		if i == 7 || i == 150 || i == 399 {
			data, label = data[:100], "!"
		}
		os.Mkdir(filepath.Dir(name), 0o700)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		paths, want = append(paths, name), append(want, name+" "+label)
	}
	list := filepath.Join(dir, "paths.txt")
	if err := os.WriteFile(list, []byte(strings.Join(paths, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(want, "\n") + "\n"
	t.Run("SQL", func(t *testing.T) {
		to := filepath.Join(dir, "sql")
		submit(t, python, filepath.Join(bin, "spark-sql"), "-f", absolute(t, "spark.sql"), "-d", "paths="+list, "-d", "rows="+to)
		if got := rowsOf(t, python, to); got != all {
			t.Errorf("%d rows:\n%s", strings.Count(got, "\n"), got)
		}
	})
	t.Run("bytes", func(t *testing.T) {
		to := filepath.Join(dir, "bytes")
		submit(t, python, filepath.Join(bin, "spark-submit"), absolute(t, "spark_bytes.py"), filepath.Join(dir, "images", "*.jpg"), to)
		if got := rowsOf(t, python, to); got != all {
			t.Errorf("%d rows:\n%s", strings.Count(got, "\n"), got)
		}
	})
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	path, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
