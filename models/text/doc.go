// Package text turns text into the token ids that a graph takes.
//
//	text --Tokens--> lower-case words --Vocabulary.Encode--> ids of a fixed length, and what was lost
//
// A [Vocabulary] also knows which of its words mean something to the model, so that a text
// which the model can't understand is noticed before a run. CLIP's tokens are those of package clip.
package text
