//go:build linux

package examples

import (
	"archive/tar"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// slurm is a cluster of two nodes on this machine.
type slurm struct {
	env   []string
	dir   string
	nodes map[string]*exec.Cmd
}

// freePort is one that nobody has.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func startSlurm(t *testing.T) *slurm {
	t.Helper()
	os.Setenv("PATH", os.Getenv("PATH")+":/usr/sbin")
	needed(t, "apt install slurm-wlm munge", "slurmctld", "slurmd", "munged", "sbatch")
	if os.Geteuid() != 0 {
		t.Skip("slurmd starts the jobs of users: it wants to be root")
	}
	dir, err := os.MkdirTemp("/tmp", "ortho-slurm-") // names of sockets are short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	key := make([]byte, 1024)
	rand.Read(key)
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ = strings.Cut(host, ".")
	conf := fmt.Sprintf(`ClusterName=ortho
SlurmctldHost=%[2]s(127.0.0.1)
SlurmctldPort=%[3]d
AuthType=auth/munge
AuthInfo=socket=%[1]s/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=%[1]s/state
SlurmdSpoolDir=%[1]s/%%n
SlurmctldPidFile=%[1]s/slurmctld.pid
SlurmdPidFile=%[1]s/%%n.pid
SlurmctldLogFile=%[1]s/slurmctld.log
SlurmdLogFile=%[1]s/%%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=sched_interval=1,bf_interval=1
ReturnToService=2
SlurmdTimeout=10
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
NodeName=n1 NodeHostname=%[2]s NodeAddr=127.0.0.1 Port=%[4]d CPUs=2
NodeName=n2 NodeHostname=%[2]s NodeAddr=127.0.0.1 Port=%[5]d CPUs=2
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`, dir, host, freePort(t), freePort(t), freePort(t))
	for name, data := range map[string][]byte{"key": key, "slurm.conf": []byte(conf)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"state", "n1", "n2"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	s := &slurm{env: environment(t, "SLURM_CONF="+filepath.Join(dir, "slurm.conf")), dir: dir, nodes: map[string]*exec.Cmd{}}
	file := func(name string) string { return filepath.Join(dir, name) }
	service(t, s.env, "munged", "--force", "--foreground", "--key-file="+file("key"), "--socket="+file("munge.socket"), "--pid-file="+file("munge.pid"), "--log-file="+file("munge.log"), "--seed-file="+file("seed"))
	until(t, "munged has no socket", 20*time.Second, func() bool { _, err := os.Stat(file("munge.socket")); return err == nil })
	service(t, s.env, "slurmctld", "-D")
	for _, node := range []string{"n1", "n2"} {
		s.start(t, node)
	}
	until(t, "the nodes are not idle", 60*time.Second, func() bool {
		text, _ := s.command("sinfo", "-h", "-o", "%T %D")
		return strings.TrimSpace(text) == "idle 2"
	})
	return s
}

func (s *slurm) start(t *testing.T, node string) {
	s.nodes[node] = service(t, s.env, "slurmd", "-D", "-N", node)
}

func (s *slurm) command(args ...string) (string, error) {
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env = s.env
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// jobs are those that have not ended: "1_0 RUNNING n1" and the like.
func (s *slurm) jobs() (left []string) {
	text, err := s.command("squeue", "-h", "-r", "-t", "all", "-o", "%i %T %N")
	if err != nil {
		return []string{text} // it does not answer
	}
	for line := range strings.Lines(text) {
		if words := strings.Fields(line); len(words) > 1 && !slices.Contains([]string{"COMPLETED", "FAILED", "CANCELLED"}, words[1]) {
			left = append(left, strings.TrimSpace(line))
		}
	}
	return left
}

// archives makes tars of so many photographs each, all with names of their own.
func archives(t *testing.T, dir string, tars, each int) {
	t.Helper()
	for i := range tars {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("shard-%02d.tar", i)))
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(f)
		for j := range each {
			data, err := os.ReadFile(photo(i + j))
			if err != nil {
				t.Fatal(err)
			}
			if err := w.WriteHeader(&tar.Header{Name: fmt.Sprintf("%02d/%02d.jpg", i, j), Size: int64(len(data)), Mode: 0o600}); err != nil {
				t.Fatal(err)
			}
			w.Write(data)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
}

// TestSlurm: an array of four tasks on two nodes, of which one is lost in the middle, and an ortho on the other is killed:
// all rows are there, each once, as one process makes them.
func TestSlurm(t *testing.T) {
	s := startSlurm(t)
	work := filepath.Join(s.dir, "work")
	if err := os.Mkdir(work, 0o700); err != nil {
		t.Fatal(err)
	}
	archives(t, work, 24, 20)
	script, err := filepath.Abs("slurm.sh")
	if err != nil {
		t.Fatal(err)
	}
	in := func(name string) string { return filepath.Join(work, name) }
	if code, _, stderr := ortho(t, "plan", in("*.tar"), "-n", "4", "-o", in("plan.jsonl")); code != 0 {
		t.Fatal(stderr)
	}
	parts := func() int {
		all, _ := filepath.Glob(in("rows/*.jsonl"))
		return len(all)
	}
	if text, err := s.command("sbatch", "-D", work, "-n", "1", "--array=0-3", script, in("plan.jsonl"), in("rows")+"/", "classify"); err != nil {
		t.Fatal(err, text)
	}
	until(t, "there are not three parts", 3*time.Minute, func() bool { return parts() >= 3 })
	var lost, killed bool
	for _, job := range s.jobs() { // a node with all that runs on it, and one ortho on the other
		words := strings.Fields(job)
		if len(words) < 3 || words[1] != "RUNNING" {
			continue
		}
		if words[2] == "n1" && !lost {
			lost = true
			for _, pid := range append(below(t, s, "n1"), s.nodes["n1"].Process.Pid) {
				syscall.Kill(pid, syscall.SIGKILL)
			}
		} else if words[2] == "n2" && !killed {
			for _, pid := range below(t, s, "n2") {
				if line, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid)); !killed && strings.HasPrefix(filepath.Base(strings.Split(string(line), "\x00")[0]), "ortho") {
					killed = syscall.Kill(pid, syscall.SIGKILL) == nil
				}
			}
		}
	}
	if !lost || !killed {
		t.Fatalf("nothing ran that could be killed: node %v, ortho %v: %q", lost, killed, s.jobs())
	}
	before := parts()
	t.Logf("a node and an ortho were killed after %d of 24 parts", before)
	pending := map[string]time.Time{} // since when
	until(t, "the array does not end", 6*time.Minute, func() bool {
		jobs := s.jobs()
		for _, job := range jobs {
			words := strings.Fields(job)
			if len(words) < 2 || words[1] != "PENDING" {
				continue
			}
			// Slurm holds what it puts back for two minutes. A quarter of that is time enough for the attempt before to
			// be gone from its node, which refuses the task else.
			if pending[words[0]].IsZero() {
				pending[words[0]] = time.Now()
			} else if time.Since(pending[words[0]]) > 30*time.Second {
				s.command("scontrol", "update", "JobId="+words[0], "StartTime=now")
			}
		}
		return len(jobs) == 0
	})
	code, missing, stderr := ortho(t, "gather", in("rows"), "--plan", in("plan.jsonl"))
	if code == 4 { // Slurm has given a task up: what is missing is run again, as slurm.sh says
		t.Logf("run again: %s", missing)
		if text, err := s.command("sbatch", "-D", work, "-n", "1", "--array="+strings.TrimSpace(missing), script, in("plan.jsonl"), in("rows")+"/", "classify"); err != nil {
			t.Fatal(err, text)
		}
		until(t, "what is run again does not end", 3*time.Minute, func() bool { return len(s.jobs()) == 0 })
	}
	code, missing, stderr = ortho(t, "gather", in("rows"), "--plan", in("plan.jsonl"), "-o", in("all.jsonl"))
	if code != 0 || missing != "" || !strings.Contains(stderr, "24 of 24 parts, 480 rows, 0 failed") {
		logs, _ := filepath.Glob(in("slurm-*.out"))
		for _, name := range logs {
			text, _ := os.ReadFile(name)
			t.Logf("%s:\n%s", filepath.Base(name), text)
		}
		states, _ := s.command("squeue", "-h", "-r", "-t", "all", "-o", "%i %T %N %r")
		t.Log(states)
		t.Fatalf("exit %d, %q, %s", code, missing, stderr)
	}
	if code, _, stderr := ortho(t, "classify", in("*.tar"), "-o", in("alone.jsonl")); code != 0 {
		t.Fatal(stderr)
	}
	all, err := os.ReadFile(in("all.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if alone, err := os.ReadFile(in("alone.jsonl")); err != nil || string(all) != string(alone) {
		t.Errorf("the rows are not those of one process: %d and %d bytes, %v", len(all), len(alone), err)
	}

	// A task alone: only its parts are made again.
	for _, name := range []string{"rows/0000007-shard-07.jsonl", "rows/_ortho/0000007-shard-07.json"} {
		if err := os.Remove(in(name)); err != nil {
			t.Fatal(err)
		}
	}
	code, missing, _ = ortho(t, "gather", in("rows"), "--plan", in("plan.jsonl"))
	if missing = strings.TrimSpace(missing); code != 4 || missing != "1" {
		t.Fatalf("exit %d, %q are missing", code, missing)
	}
	old := time.Now().Add(-time.Hour)
	there, _ := filepath.Glob(in("rows/*.jsonl"))
	for _, name := range there {
		if err := os.Chtimes(name, old, old); err != nil {
			t.Fatal(err)
		}
	}
	if text, err := s.command("sbatch", "-D", work, "-n", "1", "--array="+missing, script, in("plan.jsonl"), in("rows")+"/", "classify"); err != nil {
		t.Fatal(err, text)
	}
	until(t, "the task does not end", 2*time.Minute, func() bool { return len(s.jobs()) == 0 })
	if code, _, stderr := ortho(t, "gather", in("rows"), "--plan", in("plan.jsonl")); code != 0 {
		t.Fatal(stderr)
	}
	for _, name := range there {
		if info, err := os.Stat(name); err != nil || !info.ModTime().Equal(old) {
			t.Errorf("%s was touched: %v", name, err)
		}
	}
}

// below are the processes of a node's jobs: slurmd starts them below a stepd, which is no child of its own.
func below(t *testing.T, s *slurm, node string) (all []int) {
	t.Helper()
	env, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, name := range env {
		text, err := os.ReadFile(name)
		var pid int
		fmt.Sscanf(filepath.Base(filepath.Dir(name)), "%d", &pid)
		if err == nil && strings.Contains(string(text), "SLURM_CONF="+s.dir) && strings.Contains(string(text), "SLURMD_NODENAME="+node) {
			all = append(all, pid)
		}
	}
	steps, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range steps {
		line, _ := os.ReadFile(name)
		var pid int
		fmt.Sscanf(filepath.Base(filepath.Dir(name)), "%d", &pid)
		if !strings.HasPrefix(string(line), "slurmstepd") {
			continue
		}
		for _, job := range s.jobs() {
			words := strings.Fields(job)
			if len(words) == 3 && words[2] == node && strings.Contains(string(line), s.number(words[0])+".") {
				all = append(all, pid)
			}
		}
	}
	return all
}

// number is a task's own number of a job, by which slurmstepd is called.
func (s *slurm) number(task string) string {
	text, _ := s.command("squeue", "-h", "-j", task, "-o", "%A")
	return strings.TrimSpace(text)
}
