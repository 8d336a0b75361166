// Package config reads what is stated about a model beside its graph: by whoever runs
// it, in an ortho.json, and in the files and metadata that exporters write.
//
//	flags ---------------------------+
//	ortho.json ----------------------+--> Layers --Setting.Find--> value, text, source
//	preprocessor_config.json, -------+
//	config.json, metadata -----------+
//
// Each source is a [Layer] of [Settings], and the first that states a [Setting] has precedence; a
// preset's values come right after the layer that names it.
// Values are parsed once, where they are stated. What follows from the statements, and whether the
// graph agrees, is for package models.
package config
