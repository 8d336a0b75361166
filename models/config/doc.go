// Package config reads what is stated about a model beside its graph: by whoever runs
// it, in an ortho.json, and in the files and metadata that exporters write. Each
// source is a layer, and the first that states something has precedence. What becomes
// of the statements, and whether the graph agrees, is for package models.
package config
