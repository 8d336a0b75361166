// Package dual reads dual encoders, CLIP and its like: a half for images and a half for texts,
// whose embeddings point in similar directions where the text says what the image shows.
//
//	folder --layout--> image half: a [models.Model]        --> embedding of an image --+
//	               \-> text half: tokenizer, graph, length --> embedding of a text  ---+--> Logits --> probabilities
//
// Layouts: one joint graph (Optimum), of which the halves are cut; vision_model.onnx and
// text_model.onnx (transformers.js); visual/model.onnx and textual/model.onnx (immich, open_clip).
package dual
