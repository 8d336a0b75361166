package record

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
)

// maxOrphans bounds the pictures without a row that are kept in mind.
const maxOrphans = 1 << 17

// KeepOrphans has the record of a complete output say which pictures no row names any more; made of which inputs,
// by their files. Where no record stays, there is nothing to keep it in.
func KeepOrphans(out string, files map[string]string) error {
	r, err := Read(out)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("note pictures that have no row: %w", err)
	}
	if len(files) == 0 && len(r.Orphans) == 0 {
		return nil
	}
	r.Orphans = nil
	for _, file := range slices.Sorted(maps.Keys(files)) {
		if len(r.Orphans) < maxOrphans && files[file] != "" {
			r.Orphans = append(r.Orphans, Setting{file, files[file]})
		}
	}
	return r.write(out + ".run.json")
}
