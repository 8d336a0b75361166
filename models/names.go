package models

import "ortho/models/config"

// What a model says of itself is stated in these words, which are config's.
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
	Generate     = config.Generate
)
