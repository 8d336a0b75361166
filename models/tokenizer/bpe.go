package tokenizer

import (
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"
)

// bpe is byte-pair encoding: a piece is the symbols of its characters, and as long as two
// neighbours merge, those do whose merge has the lowest rank; the first of them, where there are
// several.
type bpe struct {
	ids                   map[string]int64
	merges                map[[2]int32]merge
	unknown               int64 // none: there is none
	prefix, suffix        string
	fuse, fallback, whole bool // fuse_unk, byte_fallback, ignore_merges
	bytes                 [256]int64
	count                 int
}

type merge struct{ rank, id int32 }

func (f *modelFile) bpe() (*bpe, error) {
	if f.Dropout != nil && *f.Dropout != 0 {
		return nil, errors.New("dropout makes ids differ from run to run")
	}
	b := &bpe{ids: f.Vocab.ids, merges: make(map[[2]int32]merge, len(f.Merges)), unknown: none,
		prefix: f.Prefix, suffix: f.Suffix, fuse: f.FuseUnknown, fallback: f.ByteFallback, whole: f.IgnoreMerges, count: len(f.Vocab.ids)}
	if f.Unknown != nil {
		id, ok := b.ids[*f.Unknown]
		if !ok && len(b.ids) > 0 {
			return nil, fmt.Errorf("the unknown token %.40q is not in the vocabulary", *f.Unknown)
		}
		b.unknown = id
	}
	for c := range b.bytes {
		b.bytes[c] = idOf(b.ids, byteName(byte(c)))
	}
	for rank, m := range f.Merges {
		left, ok1 := b.ids[m[0]]
		right, ok2 := b.ids[m[1]]
		if len(m[1]) < len(b.prefix) {
			return nil, fmt.Errorf("merge %d: %.40q is shorter than the prefix %q", rank+1, m[1], b.prefix)
		}
		both, ok3 := b.ids[m[0]+m[1][len(b.prefix):]]
		if !ok1 || !ok2 || !ok3 {
			return nil, fmt.Errorf("merge %d (%.40q and %.40q) has a token that is not in the vocabulary", rank+1, m[0], m[1])
		}
		b.merges[[2]int32{int32(left), int32(right)}] = merge{int32(rank), int32(both)}
	}
	return b, nil
}

// byteName is the token of a byte that has no other.
func byteName(c byte) string { return fmt.Sprintf("<0x%02X>", c) }

func idOf(ids map[string]int64, token string) int64 {
	if id, ok := ids[token]; ok {
		return id
	}
	return none
}

func (b *bpe) id(token string) (int64, bool) {
	id, ok := b.ids[token]
	return id, ok
}

func (b *bpe) size() int { return b.count }

func (b *bpe) encode(dst []int64, text string) ([]int64, error) {
	if b.whole {
		if id, ok := b.ids[text]; ok {
			return append(dst, id), nil
		}
	}
	list := make(chain, 0, len(text))
	unknown := false // one waits for what is unknown, too
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		s := text[i : i+n]
		if i > 0 {
			s = b.prefix + s
		}
		if i += n; i == len(text) {
			s += b.suffix
		}
		if id, ok := b.ids[s]; ok {
			if unknown {
				list = append(list, symbol{id: int32(b.unknown)})
				unknown = false
			}
			list = append(list, symbol{id: int32(id)})
			continue
		}
		if b.fallback {
			if some, ok := b.asBytes(list, s); ok {
				list = some
				continue
			}
		}
		if b.unknown != none {
			if unknown && !b.fuse {
				list = append(list, symbol{id: int32(b.unknown)})
			}
			unknown = true
		}
	}
	if unknown {
		list = append(list, symbol{id: int32(b.unknown)})
	}
	return list.merged(dst, b.merges), nil
}

// asBytes appends the tokens of a symbol's bytes, if there are all.
func (b *bpe) asBytes(list chain, s string) (chain, bool) {
	n := len(list)
	for _, c := range []byte(s) {
		if b.bytes[c] == none {
			return list[:n], false
		}
		list = append(list, symbol{id: int32(b.bytes[c])})
	}
	return list, true
}

// symbol is one of a piece's, in a list linked both ways; -1 ends it.
type symbol struct{ id, before, behind int32 }

// gone is the link of a symbol that has merged into the one before it.
const gone = -2

type chain []symbol

// merged appends the ids that are left when nothing merges any more. The time it takes is n log n
// for n symbols.
func (c chain) merged(dst []int64, merges map[[2]int32]merge) []int64 {
	if len(c) == 0 {
		return dst
	}
	for i := range c {
		c[i].before, c[i].behind = int32(i-1), int32(i+1)
	}
	c[len(c)-1].behind = -1
	var q queue
	try := func(i int32) {
		if i >= 0 && c[i].behind >= 0 {
			if m, ok := merges[[2]int32{c[i].id, c[c[i].behind].id}]; ok {
				q.push(candidate{m, i})
			}
		}
	}
	for i := range c {
		try(int32(i))
	}
	for len(q) > 0 {
		top := q.pop()
		left := &c[top.at]
		if left.behind < 0 {
			continue
		}
		right := &c[left.behind]
		if m, ok := merges[[2]int32{left.id, right.id}]; !ok || m.id != top.id {
			continue // one of the two has merged since
		}
		left.id, left.behind, right.behind = top.id, right.behind, gone
		if left.behind >= 0 {
			c[left.behind].before = top.at
		}
		try(left.before)
		try(top.at)
	}
	for i := int32(0); i >= 0; i = c[i].behind {
		dst = append(dst, int64(c[i].id))
	}
	return dst
}

// candidate is a merge that may be made, of the symbol at a place and the one behind it.
type candidate struct {
	merge
	at int32
}

func (a candidate) before(b candidate) bool {
	return a.rank < b.rank || a.rank == b.rank && a.at < b.at
}

// queue is a heap of candidates.
type queue []candidate

func (q *queue) push(c candidate) {
	h := append(*q, c)
	for i := len(h) - 1; i > 0 && h[i].before(h[(i-1)/2]); i = (i - 1) / 2 {
		h[i], h[(i-1)/2] = h[(i-1)/2], h[i]
	}
	*q = h
}

func (q *queue) pop() candidate {
	h := *q
	first := h[0]
	h[0] = h[len(h)-1]
	h = slices.Delete(h, len(h)-1, len(h))
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(h); child++ {
			if h[child].before(h[least]) {
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
	return first
}
