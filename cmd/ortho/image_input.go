package main

import (
	"iter"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
)

// imageFiles are a source's items as a feed takes them.
func imageFiles(items iter.Seq[source.Item]) iter.Seq[models.ImageFile] {
	return func(yield func(models.ImageFile) bool) {
		for item := range items {
			if !yield(models.ImageFile{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}
