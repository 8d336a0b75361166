package library

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
	"unicode"

	"ortho/runner/program"
)

// pip downloads the wheel. Naming platform and Python makes any pip do, and
// download touches no environment.
func (in installer) pip(r row, work string) (string, error) {
	clients := [][]string{{"python3", "-m", "pip"}, {"python", "-m", "pip"}, {"pip3"}, {"pip"}}
	for _, client := range clients {
		path, err := program.Look(client[0])
		if err != nil {
			continue
		}
		in.opt.Notify(fmt.Sprintf("downloading %s %s by %s", r.pkg, r.version, strings.Join(client, " ")))
		args := append(client[1:len(client):len(client)], "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:",
			"--platform", r.platform, "--python-version", "3.12", "--implementation", "cp", "--abi", "cp312",
			"--dest", filepath.Join(work, "download"), r.pkg+"=="+r.version)
		err = in.runClient(work, work, path, args)
		if err == nil {
			return onlyFile(work, "*.whl")
		}
		if !strings.Contains(err.Error(), "No module named") {
			return "", err
		}
	}
	return "", errors.New("no pip on PATH")
}

// npm downloads the package's archive.
func (in installer) npm(r row, work string) (string, error) {
	path, err := program.Look("npm")
	if err != nil {
		return "", errors.New("no npm on PATH")
	}
	in.opt.Notify(fmt.Sprintf("downloading %s %s by npm (every platform's library, about 120 MB)", r.pkg, r.version))
	dir := filepath.Join(work, "download")
	if err := os.Mkdir(dir, 0o755); err != nil {
		return "", err
	}
	// Older npms don't know --pack-destination, and pack into the working folder.
	err = in.runClient(work, dir, path, []string{"pack", r.pkg + "@" + r.version, "--ignore-scripts", "--loglevel=error", "--pack-destination", dir})
	if err != nil {
		return "", err
	}
	return onlyFile(work, "*.tgz")
}

func onlyFile(work, pattern string) (string, error) {
	files, err := filepath.Glob(filepath.Join(work, "download", pattern))
	if err != nil || len(files) != 1 {
		return "", fmt.Errorf("the client left %d files of %s, not 1", len(files), pattern)
	}
	return files[0], nil
}

// runClient runs a package client in a folder of this package's own, where there are no modules or
// settings that it would take; its error carries the end of what it said. Its temporary files lie in work,
// with which they go, and where it is seen how they grow.
func (in installer) runClient(work, dir, path string, args []string) error {
	temporary := filepath.Join(work, "temporary")
	if err := os.MkdirAll(temporary, 0o755); err != nil {
		return err
	}
	defer in.watch(work)()
	var said tail
	cmd := exec.CommandContext(in.ctx, path, args...)
	cmd.Dir, cmd.Stderr = dir, &said
	cmd.Env = append(os.Environ(), "TMPDIR="+temporary, "TMP="+temporary, "TEMP="+temporary)
	if runtime.GOOS != "windows" { // let it remove its temporary files
		cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Run(); err != nil {
		if in.ctx.Err() != nil {
			return in.ctx.Err()
		}
		return fmt.Errorf("%s: %w: %s", filepath.Base(path), err, said.text())
	}
	return nil
}

// tail keeps the end of what is written to it.
type tail []byte

func (t *tail) Write(p []byte) (int, error) {
	*t = append(*t, p...)
	if over := len(*t) - 2000; over > 0 {
		*t = append((*t)[:0], (*t)[over:]...)
	}
	return len(p), nil
}

func (t tail) text() string {
	clean := strings.Map(func(r rune) rune {
		if r != '\n' && unicode.IsControl(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(string(t), ""))
	return strings.TrimSpace(clean)
}
