// Package dataset reads images of which the truth is known.
//
//	folder/CLASS/*.jpg, or CSV (input, label) -------------> Set: the class of each image
//	COCO's JSON, or images/ and labels/ of Ultralytics ----> Objects: what is in each
//	images/ and masks/, or COCO's panoptic JSON -----------> Maps: what each pixel belongs to
//	CSV (input, tags or text), or txt beside images -------> Texts: tags or captions of each
//
// Which class of the model a name stands for is for package evaluate. Files that a truth names lie in its folder, or in
// one that is named for them; but those of a CSV may lie anywhere.
package dataset
