package bench

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"

	"ortho/runner/exact"
	"ortho/runner/regular"
)

// PipelineFile is the document's name in the folder of a pipeline's results. Each part's
// results lie beside it: they are a file of their own, as of any other graph.
const PipelineFile = "pipeline.json"

// Limits of a document, whoever wrote it.
const (
	maxDocument = 16 << 20 // bytes
	maxParts    = 16
	maxRuns     = 1 << 20 // of a part in an image
)

// Write writes the document.
func (p *Pipeline) Write(w io.Writer) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(exact.Value(p)); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// ReadPipeline reads the results in a folder, those of all parts among them. Of a run that
// did not finish, Settings and results that are not there are nil.
func ReadPipeline(folder string) (*Pipeline, error) {
	name := filepath.Join(folder, PipelineFile)
	f, err := regular.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	defer f.Close()
	p, err := parsePipeline(f)
	if err != nil {
		return nil, fmt.Errorf("read results %s: %w", name, err)
	}
	for i := range p.Parts {
		part := &p.Parts[i]
		part.Results, err = ReadFile(filepath.Join(folder, part.File))
		if err != nil && (p.Settings != nil || !errors.Is(err, fs.ErrNotExist)) {
			return nil, fmt.Errorf("part %s: %w", part.Name, err)
		}
	}
	if p.Settings != nil {
		p.Settle() // the parts' files have precedence over the document
	}
	return p, nil
}

// ContinuePipeline reads what an earlier run has left in a folder, which is a [ContinueError]
// where it was asked for another image.
func ContinuePipeline(folder string, asked Image) (*Pipeline, error) {
	p, err := ReadPipeline(folder)
	if err != nil {
		return nil, err
	}
	if !reflect.DeepEqual(p.Asked, asked) {
		return nil, &ContinueError{filepath.Join(folder, PipelineFile), errors.New("it was asked for another image")}
	}
	return p, nil
}

func parsePipeline(r io.Reader) (*Pipeline, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxDocument+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxDocument {
		return nil, fmt.Errorf("it is larger than %d MiB", maxDocument>>20)
	}
	p := &Pipeline{}
	if err := exact.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("no JSON document: %w", err)
	}
	switch {
	case p.Kind != KindPipeline:
		return nil, fmt.Errorf("its kind is %q, where the results of a pipeline have %q", p.Kind, KindPipeline)
	case p.Format != Format:
		return nil, fmt.Errorf("format %d of results; this ortho reads format %d", p.Format, Format)
	case len(p.Parts) == 0 || len(p.Parts) > maxParts:
		return nil, fmt.Errorf("%d parts, where a pipeline has 1 to %d", len(p.Parts), maxParts)
	}
	seen := map[string]bool{}
	for _, part := range p.Parts {
		switch {
		case part.File == "" || part.File != filepath.Base(part.File) || !filepath.IsLocal(part.File) || seen[part.File]:
			return nil, fmt.Errorf("part %q has the results file %q, which is no name of its own in this folder", part.Name, part.File)
		case part.Runs < 1 || part.Runs > maxRuns:
			return nil, fmt.Errorf("part %q runs %d times in an image", part.Name, part.Runs)
		}
		seen[part.File] = true
	}
	return p, nil
}
