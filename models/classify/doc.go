// Package classify runs image classifiers and classifiers of texts:
//
//	image file --images.Graph--> row of scores --activation--> Predictions, most probable first
//	text --tokens--> run --> row of scores --activation--> Predictions, and why to doubt them
//
// A [Classifier] or [TextClassifier] is opened from a model, is shared by any number of calls and
// streams, and is closed after use. A graph's values that are no scores of classes, such as an
// embedding by its output-name, come back as an [Output]. [Rank] and [Read] are the last step alone,
// for those who run the graph otherwise.
package classify
