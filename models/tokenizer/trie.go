package tokenizer

import "iter"

// trie finds which of its texts another begins with. The root is node 0.
type trie struct {
	next map[edge]int32
	ends map[int32]int64
	last int32
}

// edge is a node and the byte by which one goes on from it.
type edge struct {
	node int32
	by   byte
}

// add puts a text in with its number, in place of what it had.
func (t *trie) add(text string, number int64) {
	if t.next == nil {
		t.next, t.ends = map[edge]int32{}, map[int32]int64{}
	}
	node := int32(0)
	for i := range len(text) {
		s := edge{node, text[i]}
		next, ok := t.next[s]
		if !ok {
			t.last++
			next = t.last
			t.next[s] = next
		}
		node = next
	}
	t.ends[node] = number
}

// prefixes yields the length and the number of each text that another begins with, shortest first.
func (t *trie) prefixes(of string) iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		node := int32(0)
		for i := range len(of) {
			next, ok := t.next[edge{node, of[i]}]
			if !ok {
				return
			}
			node = next
			if number, ok := t.ends[node]; ok && !yield(i+1, number) {
				return
			}
		}
	}
}
