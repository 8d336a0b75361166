// Package describe asks ChatGPT, or another model behind the same API, what images show: a
// text for people, and one of the classes that a classifier holds possible.
//
//	image --Evidence--> candidates --+
//	image --> small JPEG ------------+--> question --> cache or server --> Description
//	                                                      ^ tries, dialects, budget
//
// It speaks chat completions (https://platform.openai.com/docs/api-reference/chat) with image parts
// and structured outputs, and adapts to servers that support less of it. Errors are an [*Error] of
// a kind; see [ErrorKind]. The key shows in none of them.
package describe
