// Package coco measures detectors as COCO does: average precision and recall of boxes, masks and key points, equal to
// what pycocotools finds.
//
//	of each image: what is there (Object), what was found (Found) --Evaluation.Add--> matches by class, IoU and area
//	matches, how often each image counts --Figures--> AP, AP50, ... --Classes, Curve--> by class, by threshold
//
// The rules are those of pycocotools 2.0 (cocoeval.py, maskApi.c): of each class the best-scored detections of an image
// are matched first, each to the truth that it overlaps most, by ten IoUs from 0.50 to 0.95; what is crowd, or has no
// key points, or is of another size than is asked for, counts neither way; precision is the best at that recall or a
// higher one, and averaged over 101 recalls. Images without truths count what is found in them as wrong.
package coco
