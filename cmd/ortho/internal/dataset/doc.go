// Package dataset reads images whose classes are known: an ImageFolder, or a CSV file.
//
//	folder/CLASS/*.jpg, or CSV (input, label) --Open--> Set --Items--> Item: image, index of its class
//
// Which class of the model a name stands for is for package evaluate.
package dataset
