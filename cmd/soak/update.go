package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// updates has the inputs of a run change, come and go, its output and records be damaged now and then, and --update
// bring it up to date, killed up to three times: then it is what a run anew makes, byte for byte.
func updates(ctx context.Context, t *turn) error {
	w, err := t.breakable(ctx)
	if err != nil {
		return err
	}
	dir := t.path("out")
	if err := os.Mkdir(dir, 0o777); err != nil {
		return err
	}
	o, err := t.start(ctx, &child{args: w.to(dir, "--record", "always"), limit: longestRun})
	if err != nil {
		return err
	}
	if err := o.wrong(mostMemory, 0, 3); err != nil {
		return err
	}
	for round := range 2 + t.random.IntN(2) {
		if err := t.change(); err != nil {
			return err
		}
		damage := ""
		if t.random.IntN(2) == 0 {
			if damage, err = t.damageOutput(w, dir); err != nil {
				return err
			}
		}
		fresh := t.path(fmt.Sprintf("anew%d", round))
		if err := os.Mkdir(fresh, 0o777); err != nil {
			return err
		}
		if o, err = t.start(ctx, &child{args: w.to(fresh, "--record", "always"), limit: longestRun}); err != nil {
			return err
		}
		if err := o.wrong(mostMemory, 0, 3); err != nil {
			return err
		}
		w.took = o.took
		if w.want, err = made(fresh); err != nil {
			return err
		}
		o, why, err := t.upToDate(ctx, w, dir, damage != "")
		if err != nil {
			return err
		}
		if why != nil {
			if damage != "" {
				why = fmt.Errorf("%s: %w", damage, why)
			}
			return t.failed(o, why)
		}
	}
	return nil
}

// change changes some images, removes some, and brings others back.
func (t *turn) change() error {
	files, err := filepath.Glob(t.path("in", "*.png"))
	if err != nil {
		return err
	}
	for range t.random.IntN(12) {
		if name := pick(t.random, files); t.random.IntN(3) == 0 {
			if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
				return err
			}
			continue
		}
		data := picture(t.random)
		if t.random.IntN(6) == 0 {
			data = data[:t.random.IntN(len(data))]
		}
		if _, err := t.file(fmt.Sprintf("in/%04d.png", t.random.IntN(len(files))), data); err != nil {
			return err
		}
	}
	return nil
}

// damageOutput damages a file of rows or of a record.
func (t *turn) damageOutput(w *work, dir string) (what string, err error) {
	rows := filepath.Join(dir, w.out)
	if info, err := os.Stat(rows); err == nil && info.IsDir() {
		rows = filepath.Join(rows, "ortho.jsonl")
	}
	name := pick(t.random, []string{rows + ".run.json", rows + ".run.json", rows})
	data, err := os.ReadFile(name)
	if err != nil {
		return "", err
	}
	return filepath.Base(name) + " is damaged", os.WriteFile(name, damaged(t.random, data, data), 0o666)
}

// forget removes pictures of images that are there and have failed: they stay, as --help says.
func (w *work) forget(dir string) error {
	got, err := contents(dir)
	for name := range got {
		if _, wanted := w.want[name]; !wanted && filepath.Ext(name) == ".png" {
			err = errors.Join(err, os.Remove(filepath.Join(dir, name)))
		}
	}
	return err
}

// upToDate brings an output up to date. Of damaged records a run may say that it does not go on from them: then it is
// made anew.
func (t *turn) upToDate(ctx context.Context, w *work, dir string, mayRefuse bool) (o *outcome, why, err error) {
	more := []string{"--update", "--record", "always"}
	if w.pictures {
		more = append(more, "--remove-gone")
	}
	for left := t.random.IntN(4); ; left-- {
		of := &child{args: w.to(dir, more...), limit: longestRun}
		killed := false
		if left > 0 {
			wait := time.Duration(t.random.Float64() * 1.1 * float64(w.took))
			of.meanwhile = func(p *os.Process, ended <-chan struct{}) {
				select {
				case <-time.After(wait):
					killed = true
					p.Signal(syscall.SIGKILL)
				case <-ended:
				}
			}
		}
		t.inputs++
		if o, err = t.start(ctx, of); err != nil {
			return nil, nil, err
		}
		switch {
		case o.code == -1 && killed && !o.late:
			continue
		case o.code == 1 && mayRefuse && slices.Contains(more, "--update"):
			if why := o.wrong(mostMemory, 1); why != nil {
				return o, why, nil
			}
			more = []string{"--overwrite", "--record", "always"}
			if err := os.RemoveAll(dir); err != nil { // as who is told to would
				return nil, nil, err
			}
			if err := os.Mkdir(dir, 0o777); err != nil {
				return nil, nil, err
			}
			continue
		}
		if why = o.wrong(mostMemory, 0, 3); why == nil {
			if err := w.forget(dir); err != nil {
				return nil, nil, err
			}
			why = w.complete(dir)
		}
		return o, why, nil
	}
}
