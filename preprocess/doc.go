// Package preprocess turns image files into the input tensors of models, and output tensors
// into image files.
//
//	file --Decode--> Image --Spec.Tensor: resize, crop, normalise, pack--> tensor     (Load: both)
//	tensor --Pixels.Unpack, Round--> rows --Resampler--> rows --FileWriter--> file
//
// Pixels are those of Pillow, torchvision, timm and transformers to the bit where a comment does
// not say otherwise: a [Spec] names the rule of each step. The size that a header claims is checked
// before memory is taken for it. C libraries are used where they are there; see package codecs.
package preprocess
