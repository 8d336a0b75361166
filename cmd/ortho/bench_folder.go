package main

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/bench"
)

// openFolder readies the folder of the results; done tells that an earlier run has left
// nothing to --resume.
func (b *pipelineBench) openFolder() (done bool, err error) {
	c := b.c
	resume, overwrite := c.Bool("resume"), c.Bool("overwrite")
	switch {
	case resume && b.folder == "":
		return false, usagef("--resume continues -o FOLDER: name it")
	case resume && overwrite:
		return false, usagef("--overwrite starts anew, --resume goes on with what is there: give one of them")
	case b.folder == "-" || output.NamesFormat(b.folder):
		return false, usagef("-o %s: the results of a pipeline are a folder with a file for each part: name one", b.folder)
	}
	if b.reads, err = protect(c, noFiles, b.files()...); err != nil {
		return false, err
	}
	if b.folder != "" {
		if done, err = b.continueFolder(resume, overwrite); done || err != nil {
			return done, err
		}
	}
	if name := c.String("html"); name != "" {
		if err := fits("html", name, output.HTML); err != nil {
			return false, err
		}
		if _, err := b.reads.Check(name, overwrite); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (b *pipelineBench) continueFolder(resume, overwrite bool) (done bool, err error) {
	name := filepath.Join(b.folder, bench.PipelineFile)
	switch _, err := os.Stat(name); {
	case err == nil && overwrite:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, b.checkForeign(overwrite)
	case err != nil:
		return false, fmt.Errorf("-o: %w", err)
	case !resume:
		return false, fmt.Errorf("output %s exists: --resume continues a run that was interrupted, --overwrite starts anew", name)
	}
	before, err := bench.ReadPipeline(b.folder)
	if err != nil {
		return false, err
	}
	if !reflect.DeepEqual(before.Asked, b.request) {
		return false, fmt.Errorf("continue %s: it was asked for another image; --overwrite starts anew", name)
	}
	if before.Settings != nil {
		slog.Info(fmt.Sprintf("%s is complete: nothing to do", b.folder))
		return true, nil
	}
	b.Pipeline = *before
	return false, nil
}

// files are those that may be written to the folder.
func (b *pipelineBench) files() (names []string) {
	if b.folder == "" {
		return nil
	}
	for _, part := range b.model.Parts {
		names = append(names, filepath.Join(b.folder, part.Name+".jsonl"), partInputs(b.folder, part.Name))
	}
	return append(names, filepath.Join(b.folder, bench.PipelineFile))
}

// checkForeign refuses a folder that has files of the results' names, and no results.
func (b *pipelineBench) checkForeign(overwrite bool) error {
	for _, part := range b.model.Parts {
		for _, ending := range []string{".jsonl", ".jsonl" + roundsEnding, ".npz"} {
			name := filepath.Join(b.folder, part.Name+ending)
			if _, err := os.Stat(name); err == nil && !overwrite {
				return fmt.Errorf("output %s exists: --overwrite replaces it", name)
			}
		}
	}
	return nil
}

// write leaves the document in the folder, if there is one.
func (b *pipelineBench) write() error {
	if b.folder == "" {
		return nil
	}
	return writeOutput(b.reads, filepath.Join(b.folder, bench.PipelineFile), true, b.Write)
}
