package models

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"

	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Identity identifies a model by its name and by the digests of the files that decide what it
// computes.
type Identity struct {
	Name   string
	SHA256 string // of the graph's file, in hexadecimal digits
	// Weights are the digests of the files with weights beside the graph, in the order in
	// which it names them.
	Weights []FileDigest
}

// Digest is one digest for all: SHA256 where no weights lie beside the graph, else the SHA-256 of a
// line for each of its files, the graph's and those of Weights in their order, that holds the
// file's SHA-256. `sha256sum model.onnx FILE... | cut -c 1-64 | sha256sum` prints it.
func (id Identity) Digest() string {
	if len(id.Weights) == 0 {
		return id.SHA256
	}
	lines := sha256.New()
	fmt.Fprintln(lines, id.SHA256)
	for _, w := range id.Weights {
		fmt.Fprintln(lines, w.SHA256)
	}
	return fmt.Sprintf("%x", lines.Sum(nil))
}

// FileDigest is the SHA-256 of a file; its name has slashes on all systems.
type FileDigest struct{ Name, SHA256 string }

// Identity reads all files of the model. Where its weights can't be used, that is its error.
func (m *Model) Identity(ctx context.Context) (Identity, error) {
	if m.files != nil {
		id := *m.files
		id.Name = m.Name
		return id, nil
	}
	id := Identity{Name: m.Name}
	var err error
	if m.Data != nil {
		id.SHA256, err = m.GraphDigest(ctx)
		return id, err
	}
	if err := m.Graph.CheckWeights(m.Path); err != nil {
		return id, err
	}
	if id.SHA256, err = m.GraphDigest(ctx); err != nil {
		return id, err
	}
	for _, name := range m.Graph.ExternalData {
		digest, err := DigestOf(ctx, filepath.Join(filepath.Dir(m.Path), filepath.FromSlash(name)))
		if err != nil {
			return id, err
		}
		id.Weights = append(id.Weights, FileDigest{name, digest})
	}
	return id, nil
}

// identityOf is the identity, but for its name, of a graph with weights in files of a file system.
func identityOf(data []byte, g *onnx.Graph, folder fs.FS) (*Identity, error) {
	id := &Identity{SHA256: fmt.Sprintf("%x", sha256.Sum256(data))}
	for _, name := range g.ExternalData {
		content, err := fs.ReadFile(folder, path.Clean(filepath.ToSlash(name)))
		if err != nil {
			return nil, err
		}
		id.Weights = append(id.Weights, FileDigest{name, fmt.Sprintf("%x", sha256.Sum256(content))})
	}
	return id, nil
}

// Digest reads all files of the model, and returns their [Identity.Digest].
func (m *Model) Digest(ctx context.Context) (string, error) {
	id, err := m.Identity(ctx)
	return id.Digest(), err
}

// GraphDigest returns the SHA-256 of the graph's file alone: weights in files beside it are not
// read.
func (m *Model) GraphDigest(ctx context.Context) (string, error) {
	switch {
	case m.files != nil:
		return m.files.SHA256, nil
	case m.Data != nil:
		return fmt.Sprintf("%x", sha256.Sum256(m.Data)), nil
	}
	return DigestOf(ctx, m.Path)
}

// DigestOf returns the SHA-256 of a file in hexadecimal digits.
func DigestOf(ctx context.Context, path string) (string, error) {
	f, err := regular.Open(path)
	if err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, until{ctx, f}); err != nil {
		return "", fmt.Errorf("digest: %w", err)
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// until reads until its context is done: weights have gigabytes.
type until struct {
	ctx context.Context
	r   io.Reader
}

func (u until) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}

// DigestOfLabels returns the SHA-256 of the classes' names and ids; "" where there are none.
func DigestOfLabels(labels []Label) string {
	if len(labels) == 0 {
		return ""
	}
	h := sha256.New()
	for _, l := range labels {
		fmt.Fprintf(h, "%s\x00%s\x00", l.Name, l.ID)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
