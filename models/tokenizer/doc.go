// Package tokenizer turns texts into token ids as a tokenizer.json says, the format of the
// library tokenizers (https://github.com/huggingface/tokenizers), whose ids these are.
//
//	text --added tokens--> --normalizer--> --pre-tokenizer--> pieces --model--> ids --post-processor--> ids, cut and padded
//
// Of models it knows BPE (byte-level, and with byte fallback), Unigram, WordPiece and
// WordLevel, and of the steps around them all that the library has. A file that asks for what is
// not known is refused: ids are the library's, or none.
//
// They differ in characters that came after Unicode 15, or that changed their category since the
// library's tables were made.
package tokenizer
