package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
)

// roomMaker is how a small file system is made: the words of a program in whose mount namespace the rest
// runs, so that none is left. None: it can't be made here.
type roomMaker []string

// findRoom tries it: as root, or in a user namespace.
func findRoom(ctx context.Context) roomMaker {
	for _, r := range []roomMaker{{"unshare", "-m"}, {"unshare", "-rm"}} {
		try := exec.CommandContext(ctx, r[0], append(r[1:], "sh", "-c", "mount -t tmpfs -o size=64k none /tmp")...)
		if try.Run() == nil {
			return r
		}
	}
	return nil
}

// inRoom runs ortho ("$@") with its output in a file system of so many KB ($2), then with --resume in a large
// one, and copies what is there to $1/out. It prints both exit codes.
const inRoom = `
dir=$1; size=$2; shift 2
mkdir -p "$dir/room" "$dir/out" && mount -t tmpfs -o "size=${size}k" none "$dir/room" || exit 99
"$@" 2> "$dir/first.err"; echo $?
mount -o remount,size=256m "$dir/room" || exit 99
"$@" --resume 2> "$dir/second.err"; echo $?
cp -R "$dir/room/." "$dir/out"
`

// disk has a run meet a full disk: it says so, and goes on where there is room again without losing a row.
func disk(ctx context.Context, t *turn) error {
	if t.random.IntN(5) == 0 {
		return t.fullDevice(ctx)
	}
	w, err := t.breakable(ctx)
	if err != nil {
		return err
	}
	t.inputs++
	bytes := 0
	for _, text := range w.want {
		bytes += len(text)
	}
	room := 8 + int(t.random.Float64()*1.5*float64(bytes)/1024)
	if t.room == nil || t.random.IntN(3) == 0 {
		return t.limited(ctx, w, room)
	}
	var codes []int
	sh := &child{args: w.to(t.path("room")), limit: 2 * longestRun, line: func(line []byte) {
		code, err := strconv.Atoi(strings.TrimSpace(string(line)))
		if err == nil {
			codes = append(codes, code)
		}
	}}
	sh.through = append(t.room, "sh", "-c", inRoom, "sh", t.dir, strconv.Itoa(room))
	o, err := t.start(ctx, sh)
	if err != nil {
		return err
	}
	if len(codes) != 2 || o.code != 0 {
		return fmt.Errorf("the small file system: %s, %s", o.state, o.stderr)
	}
	for i, name := range []string{"first.err", "second.err"} {
		said, err := os.ReadFile(t.path(name))
		if err != nil {
			return err
		}
		one := &outcome{args: o.args, code: codes[i], state: fmt.Sprintf("exit status %d", codes[i]), stderr: string(said), took: o.took, peak: o.peak}
		allowed := []int{0, 1, 3}
		if i == 1 {
			allowed = []int{0, 3}
		}
		why := one.wrong(mostMemory, allowed...)
		if why == nil && one.code == 1 && !strings.Contains(one.stderr, "no space left") {
			why = fmt.Errorf("the disk was full, and it says %q", firstLine(one.stderr))
		}
		if why == nil && i == 1 {
			why = w.complete(t.path("out"))
		}
		if why != nil {
			return t.failed(one, fmt.Errorf("a disk of %d KB: %w", room, why))
		}
	}
	return nil
}

// limited has a run meet the limit of a file's size that its process has (RLIMIT_FSIZE).
func (t *turn) limited(ctx context.Context, w *work, room int) error {
	dir := t.path("out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	small := []string{"sh", "-c", `ulimit -f "$1"; shift; exec "$@"`, "sh", strconv.Itoa(room)}
	o, err := t.start(ctx, &child{args: w.to(dir), through: small, limit: longestRun})
	if err != nil {
		return err
	}
	why := o.wrong(mostMemory, 0, 1, 3)
	if why == nil && o.code == 1 {
		if !strings.Contains(o.stderr, "file too large") {
			why = fmt.Errorf("it says %q", firstLine(o.stderr))
		} else {
			why = w.incomplete(dir)
		}
	}
	if why == nil && o.code == 1 {
		if o, err = t.start(ctx, &child{args: w.to(dir, "--resume"), limit: longestRun}); err != nil {
			return err
		}
		why = o.wrong(mostMemory, 0, 3)
	}
	if why == nil {
		why = w.complete(dir)
	}
	if why != nil {
		return t.failed(o, fmt.Errorf("files of %d blocks at most: %w", room, why))
	}
	return nil
}

// fullDevice has commands write to /dev/full: none ends as if all were well.
func (t *turn) fullDevice(ctx context.Context) error {
	photo := t.root + "/docs/photos/cat.jpg"
	commands := [][]string{
		t.tiny("classify", photo), t.tiny("classify", photo, "-f", "csv"), t.tiny("classify", photo, "-f", "table"), t.tiny("classify", photo, "-f", "parquet"),
		t.tiny("embed", photo), t.tiny("embed", photo, "-f", "parquet"), {"inspect", "-m", t.folders[0]}, {"inspect", "-m", t.folders[0], "--json"}, {"version"}, {"--help"}, {"classify", "--help"},
		{"docs"}, {"models", "list"}, {"models", "verify"}, {"runtime", "list"}, {"doctor"}, {"describe", "prompts"}, {"classify-text", "a", "cat"}, t.tiny("classify", photo, "-o", "/dev/full"),
		t.tiny("embed", photo, "-o", "/dev/full", "-f", "jsonl"), {"completion", "bash"}, {"preprocess", photo, "-o", "/dev/full"},
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		return nil // a system without
	}
	defer full.Close()
	for range t.many(10) {
		t.inputs++
		o, err := t.start(ctx, &child{args: pick(t.random, commands), stdout: full, limit: longestModel})
		if err != nil {
			return err
		}
		why := o.wrong(mostModelMemory, 1)
		if why == nil && !strings.Contains(o.stderr, "no space left") {
			why = fmt.Errorf("it says %q", firstLine(o.stderr))
		}
		if why != nil {
			if err := t.failed(o, fmt.Errorf("%s > /dev/full: %w", quoted("ortho", o.args), why)); err != nil {
				return err
			}
		}
	}
	return nil
}
