package clip

import (
	"fmt"
	"slices"
	"unicode/utf8"
)

// wordEnd is the end of the last symbol of a word.
const wordEnd = "</w>"

// bpe is byte-pair encoding: a word is the symbols of its bytes, and as long as two
// neighbours merge, those do whose merge has the lowest rank; the first of them, where
// there are several (tokenizers' models::bpe).
type bpe struct {
	inner, last [256]int32 // the ids of bytes, and of those that end a word
	merges      map[uint64]merge
}

type merge struct{ rank, id int32 }

func pairOf(left, right int32) uint64 { return uint64(uint32(left))<<32 | uint64(uint32(right)) }

// newBPE makes the encoding of a vocabulary and its merges, lowest rank first. Bytes that
// the vocabulary lacks become the token unknown.
func newBPE(ids map[string]id, merges [][2]string, unknown string) (bpe, error) {
	b, all := bpe{merges: make(map[uint64]merge, len(merges))}, symbols()
	orUnknown := func(symbol string) (int32, error) {
		i, ok := ids[symbol]
		if !ok {
			i, ok = ids[unknown]
		}
		if !ok {
			return 0, fmt.Errorf("the vocabulary has neither %q nor the unknown token %q: it is not CLIP's, or cut short", symbol, unknown)
		}
		return int32(i), nil
	}
	if !slices.ContainsFunc(all[:], func(s string) bool { _, ok := ids[s+wordEnd]; return ok }) {
		return bpe{}, fmt.Errorf("the vocabulary has no token of one byte that ends with %s: it is not CLIP's", wordEnd)
	}
	for c, symbol := range all {
		var err error
		if b.inner[c], err = orUnknown(symbol); err != nil {
			return bpe{}, err
		}
		if b.last[c], err = orUnknown(symbol + wordEnd); err != nil {
			return bpe{}, err
		}
	}
	for rank, m := range merges {
		left, ok1 := ids[m[0]]
		right, ok2 := ids[m[1]]
		whole, ok3 := ids[m[0]+m[1]]
		if !ok1 || !ok2 || !ok3 {
			return bpe{}, fmt.Errorf("merge %d (%.40q and %.40q) has a token that is not in the vocabulary: the two are not of the same tokenizer", rank+1, m[0], m[1])
		}
		b.merges[pairOf(int32(left), int32(right))] = merge{int32(rank), int32(whole)}
	}
	return b, nil
}

// symbols are the characters that stand for bytes in a vocabulary: the byte itself where it
// is a visible character of Latin-1, the others from U+0100 on (GPT-2's bytes_to_unicode).
func symbols() [256]string {
	var s [256]string
	other := rune(0x100)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae {
			s[b] = string(b)
		} else {
			s[b] = string(other)
			other++
		}
	}
	return s
}

// symbol is one of a word's, in a list linked both ways; -1 ends it.
type symbol struct {
	token
	before, behind int32
	gone           bool // merged into the one before it
}

// split appends a word's tokens to dst. The time it takes is n log n for n bytes.
func (b *bpe) split(dst []token, word []char) []token {
	// Most words fit in these, and so are split without allocating.
	var listBuf [32]symbol
	var heapBuf [48]uint64
	list, heap := listBuf[:0], queue(heapBuf[:0])
	var buf [utf8.UTFMax]byte
	var last byte
	for _, c := range word {
		for _, last = range buf[:utf8.EncodeRune(buf[:], c.r)] {
			i := int32(len(list))
			list = append(list, symbol{token{b.inner[last], c.at}, i - 1, i + 1, false})
		}
	}
	end := &list[len(list)-1]
	end.id, end.behind = b.last[last], -1

	find := func(i int32) (merge, bool) {
		m, ok := b.merges[pairOf(list[i].id, list[list[i].behind].id)]
		return m, ok
	}
	for i := range int32(len(list) - 1) {
		if m, ok := find(i); ok {
			heap.push(m.rank, i)
		}
	}
	for len(heap) > 0 {
		rank, i := heap.pop()
		left := &list[i]
		if left.gone || left.behind < 0 {
			continue
		}
		m, ok := find(i)
		if !ok || m.rank != rank {
			continue // one of the two has merged since
		}
		right := &list[left.behind]
		right.gone, left.id, left.behind = true, m.id, right.behind
		if left.behind >= 0 {
			list[left.behind].before = i
			if m, ok := find(i); ok {
				heap.push(m.rank, i)
			}
		}
		if left.before >= 0 {
			if m, ok := find(left.before); ok {
				heap.push(m.rank, left.before)
			}
		}
	}
	for _, s := range list {
		if !s.gone {
			dst = append(dst, s.token)
		}
	}
	return dst
}

// queue is a heap of possible merges by rank, then place: the rank is in the upper half.
type queue []uint64

func (q *queue) push(rank, at int32) {
	h := append(*q, pairOf(rank, at))
	for i := len(h) - 1; i > 0 && h[i] < h[(i-1)/2]; i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
	*q = h
}

func (q *queue) pop() (rank, at int32) {
	h := *q
	first := h[0]
	h[0] = h[len(h)-1]
	h = h[:len(h)-1]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child] < h[least] {
				least = child
			}
		}
		if least == i {
			break
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
	*q = h
	return int32(first >> 32), int32(uint32(first))
}
