// Package vectors reads the rows of ortho embed as an index for searches. Rows take long to read,
// so that their numbers are kept beside them, in FILE.vectors, until the rows are others.
package vectors

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models/nearest"
	"ortho/runner/regular"
)

// Ending is that of the file with the numbers.
const Ending = ".vectors"

// Index is what the rows of a file hold.
type Index struct {
	*nearest.Index
	Model record.Model // that made the embeddings
	Of    string       // identifies the rows
}

// Open reads the rows of a complete run of ortho embed, and keeps their numbers where reads has no
// objection. warn tells what is left out.
func Open(ctx context.Context, file string, reads *output.Reads, warn func(string)) (*Index, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, fmt.Errorf("open the index: %w", err)
	}
	made, err := record.Read(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s has no %s.run.json beside it, which says what model made its embeddings: write it by ortho embed -o %s", file, file, file)
	case err != nil:
		return nil, err
	case made.Finished.IsZero():
		return nil, fmt.Errorf("the run that makes %s is not complete: end it by ortho embed --resume", file)
	}
	x := &Index{Model: made.Model, Of: fmt.Sprintf("%s %s %d %d", made.Model.Name, digestOf(made.Model), info.Size(), info.ModTime().UnixNano())}
	var unkept error
	if x.Index, unkept = kept(file+Ending, x.Of); unkept == nil {
		return x, nil
	}
	var failed int
	if x.Index, failed, err = read(file, info.Size()); err != nil {
		return nil, fmt.Errorf("read %s: %w", file, err)
	}
	if failed > 0 {
		warn(fmt.Sprintf("%s has %d rows without an embedding, which are not searched", file, failed))
	}
	if foreign(unkept) {
		warn(fmt.Sprintf("the next search reads all rows again: %s is there, which no search has made, and stays: %v", file+Ending, unkept))
		return x, nil
	}
	if err := reads.Save(ctx, file+Ending, true, func(w io.Writer) error { return x.Write(w, x.Of) }); err != nil {
		warn(fmt.Sprintf("the next search reads all rows again: %v", err))
	}
	return x, nil
}

// foreign reports whether an error is of what may not be replaced.
func foreign(err error) bool {
	return errors.Is(err, nearest.ErrForeign) || errors.Is(err, regular.ErrKind) || errors.Is(err, fs.ErrPermission)
}

func digestOf(m record.Model) string {
	all := m.SHA256
	for _, w := range m.ExternalData {
		all += "+" + w.Value
	}
	return all
}

// Same returns why a model can't be compared with the embeddings; nil where it made them.
func (x *Index) Same(name, sha256 string) error {
	if sha256 == x.Model.SHA256 {
		return nil
	}
	return fmt.Errorf("the embeddings were made by another model than %s: by %s, whose graph's SHA-256 is %.12s and not %.12s; search by that one, or embed anew", name, cmp.Or(x.Model.Name, "one without a name"), x.Model.SHA256, sha256)
}

func kept(name, of string) (*nearest.Index, error) {
	f, err := regular.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	return nearest.Read(f, info.Size(), of)
}

// read reads rows; failed are those without an embedding.
func read(file string, size int64) (x *nearest.Index, failed int, err error) {
	format, err := output.Format("", file, false)
	if err != nil {
		return nil, 0, err
	}
	f, err := regular.Open(file)
	if err != nil {
		return nil, 0, err
	}
	defer f.Close()
	x = &nearest.Index{}
	for row, err := range rows.EmbeddingsCodec.Read(format, f, size) {
		switch {
		case err != nil:
			return nil, 0, err
		case row.Embedding == nil:
			failed++
			continue
		}
		if err := x.Add(row.Input, row.Embedding); err != nil {
			return nil, 0, fmt.Errorf("%s: %w", row.Input, err)
		}
	}
	if x.Len() == 0 {
		return nil, 0, errors.New("it holds no embeddings")
	}
	return x, failed, nil
}
