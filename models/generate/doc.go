// Package generate runs exported graphs whose output is an image: super-resolution,
// style transfer and other image-to-image graphs, and decoders of latents, classes and
// texts.
//
//	picture --Generator.Image--> tiles --graph--> mosaic --> rows of pixels --> FileWriter
//	Series --Requests--> Request --Generator.Samples--> Sample: an image, and what it was made of
//
// [Images] runs many pictures through a generator within bounded memory. A [Request] decides an image
// completely: the same request gives the same image on every run.
package generate
