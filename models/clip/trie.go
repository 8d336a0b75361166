package clip

import (
	"iter"
	"unicode"
)

// none is the id of what is no added token.
const none int32 = -1

// trie finds added tokens. A node is the number of the one that ends there, from 1, or a
// step on the way; the root is 0.
type trie struct {
	next map[step]int32
	ends map[int32]ending
}

type step struct {
	node int32
	r    rune
}

// ending is the token that ends at a node.
type ending struct {
	id    int32
	alone bool // only where neither neighbour is part of a word (single_word)
}

// add puts a token in, unless the same characters are there already.
func (t *trie) add(chars []char, e ending) {
	if t.next == nil {
		t.next, t.ends = map[step]int32{}, map[int32]ending{}
	}
	node := int32(0)
	for _, c := range chars {
		next, ok := t.next[step{node, c.r}]
		if !ok {
			next = int32(len(t.next) + 1)
			t.next[step{node, c.r}] = next
		}
		node = next
	}
	if _, ok := t.ends[node]; !ok {
		t.ends[node] = e
	}
}

// split yields a text in parts, each an added token with its id or what lies between, with
// none. Of the tokens that begin at one place it takes the longest.
func (t *trie) split(chars []char) iter.Seq2[[]char, int32] {
	return func(yield func([]char, int32) bool) {
		from := 0
		for i := 0; i < len(chars); {
			n, e := t.longest(chars[i:])
			switch {
			case n == 0:
				i++
			case e.alone && (i > 0 && isWord(chars[i-1].r) || i+n < len(chars) && isWord(chars[i+n].r)):
				i += n
			default:
				if from < i && !yield(chars[from:i], none) || !yield(chars[i:i+n], e.id) {
					return
				}
				i += n
				from = i
			}
		}
		if from < len(chars) {
			yield(chars[from:], none)
		}
	}
}

// longest is the length of the longest token that a text begins with; 0 where it does with
// none.
func (t *trie) longest(chars []char) (n int, longest ending) {
	node := int32(0)
	for i, c := range chars {
		next, ok := t.next[step{node, c.r}]
		if !ok {
			break
		}
		node = next
		if e, ok := t.ends[node]; ok {
			n, longest = i+1, e
		}
	}
	return n, longest
}

// isWord is \w of Unicode's regular expressions (UTS #18, annex C).
func isWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.M, unicode.Nd, unicode.Pc, unicode.Join_Control)
}
