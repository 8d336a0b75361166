package models

import "ortho/models/config"

// The types of package config that this package's API uses.
type (
	Settings   = config.Settings
	Label      = config.Label
	Activation = config.Activation
	Task       = config.Task
)

const (
	Softmax = config.Softmax
	Sigmoid = config.Sigmoid
	None    = config.None

	Classify     = config.Classify
	ClassifyText = config.ClassifyText
	Embed        = config.Embed
	Detect       = config.Detect
	Segment      = config.Segment
	Cutout       = config.Cutout
	Depth        = config.Depth
	Generate     = config.Generate
)
