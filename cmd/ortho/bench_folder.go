package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/runner/bench"
)

// openFolder readies the folder of the results; done reports that an earlier run has left
// nothing to --resume.
func (b *pipelineBench) openFolder(call *flags.Call) (done bool, err error) {
	f := &b.files
	switch {
	case f.resume && b.folder == "":
		return false, commandline.Usagef("--resume continues -o FOLDER: name it")
	case f.resume && f.overwrite:
		return false, commandline.Usagef("--overwrite starts anew, --resume goes on with what is there: give one of them")
	case b.folder == "-" || output.NamesFormat(b.folder):
		return false, commandline.Usagef("-o %s: the results of a pipeline are a folder with a file for each part: name one", b.folder)
	}
	if f.reads, err = call.Protect(flags.NoFiles, b.written()...); err != nil {
		return false, err
	}
	if b.folder != "" {
		if done, err = b.continueFolder(); done || err != nil {
			return done, err
		}
	}
	if f.html != "" {
		if err := flags.Fits("html", f.html, output.HTML); err != nil {
			return false, err
		}
		if _, err := f.reads.Check(f.html, f.overwrite); err != nil {
			return false, err
		}
	}
	return false, nil
}

func (b *pipelineBench) continueFolder() (done bool, err error) {
	name := filepath.Join(b.folder, bench.PipelineFile)
	switch _, err := os.Stat(name); {
	case err == nil && b.files.overwrite:
		return false, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, b.checkForeign()
	case err != nil:
		return false, fmt.Errorf("-o: %w", err)
	case !b.files.resume:
		return false, fmt.Errorf("output %s exists: --resume continues a run that was interrupted, --overwrite starts anew", name)
	}
	before, err := bench.ContinuePipeline(b.folder, b.request)
	if err != nil {
		return false, withRemedy(err)
	}
	if before.Settings != nil {
		b.ui.Info(fmt.Sprintf("%s is complete: nothing to do", b.folder))
		return true, nil
	}
	b.Pipeline = *before
	return false, nil
}

// written are the files that may be written to the folder.
func (b *pipelineBench) written() (names []string) {
	if b.folder == "" {
		return nil
	}
	for _, part := range b.model.Parts {
		names = append(names, filepath.Join(b.folder, part.Name+".jsonl"), bench.PartInputs(b.folder, part.Name))
	}
	return append(names, filepath.Join(b.folder, bench.PipelineFile))
}

// checkForeign refuses a folder that has files of the results' names, and no results.
func (b *pipelineBench) checkForeign() error {
	for _, part := range b.model.Parts {
		for _, ending := range []string{".jsonl", ".jsonl" + roundsEnding, ".npz"} {
			name := filepath.Join(b.folder, part.Name+ending)
			if _, err := os.Stat(name); err == nil && !b.files.overwrite {
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
	return writeOutput(b.files.reads, filepath.Join(b.folder, bench.PipelineFile), true, b.Write)
}
