// Package text turns text into the token ids that a graph takes.
package text

// Vocabulary is the tokens that a model knows, by id.
type Vocabulary struct {
	tokens []string
	ids    map[string]int64
}
