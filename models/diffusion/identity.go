package diffusion

import (
	"context"
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ortho/models"
)

// Identity identifies a pipeline by all files that its images depend on. Its weights are
// all files, by their paths within the folder, in the order of these paths' bytes; its SHA-256
// is that of a line for each: the file's SHA-256, two spaces and its path. That is what
// sha256sum prints.
func (p *Folder) Identity(ctx context.Context) (models.Identity, error) {
	id := models.Identity{Name: p.Name}
	for _, file := range p.Files() {
		name, err := p.nameOf(file)
		if err != nil {
			return id, err
		}
		digest, err := models.DigestOf(ctx, file)
		if err != nil {
			return id, err
		}
		id.Weights = append(id.Weights, models.FileDigest{Name: filepath.ToSlash(name), SHA256: digest})
	}
	slices.SortFunc(id.Weights, func(a, b models.FileDigest) int { return strings.Compare(a.Name, b.Name) })
	lines := sha256.New()
	for _, file := range id.Weights {
		fmt.Fprintf(lines, "%s  %s\n", file.SHA256, file.Name)
	}
	id.SHA256 = fmt.Sprintf("%x", lines.Sum(nil))
	return id, nil
}

// nameOf is a file's name in the pipeline's folder; that of a ControlNet which lies elsewhere has its part's name
// before it, as if it lay there.
func (p *Folder) nameOf(file string) (string, error) {
	for i := range p.Parts {
		part := &p.Parts[i]
		if rel, err := filepath.Rel(part.folder, file); isControlNet(part.Name) && part.folder != filepath.Join(p.Path, part.Name) && err == nil && filepath.IsLocal(rel) {
			return filepath.Join(part.Name, rel), nil
		}
	}
	return filepath.Rel(p.Path, file)
}
