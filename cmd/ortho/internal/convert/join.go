package convert

import (
	"fmt"
	"iter"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
)

// arrange puts shards in their order and reports whether rows are taken from each in turn. It
// refuses runs that were made otherwise, and shards of which some are missing.
func arrange(all []*Input, warn func(string)) (inTurn bool, err error) {
	if len(all) < 2 {
		return false, nil
	}
	var first *Input
	shards := map[*Input]source.Shard{}
	turns := true // images went to shards by their numbers
	for _, in := range all {
		if in.record == nil {
			continue
		}
		if first == nil {
			first = in
		}
		if lines := record.Differences(first.record, in.record); len(lines) > 0 {
			return false, fmt.Errorf("%s was made otherwise than %s: their rows don't belong together; convert each alone\n%s", in.Name, first.Name, strings.Join(lines, "\n"))
		}
		if text := in.record.Settings.Get("shard"); text != "" {
			text, byName := strings.CutSuffix(text, " by name")
			turns = turns && !byName
			if shards[in], err = source.ParseShard(text, nil); err != nil {
				return false, fmt.Errorf("%s: its record's shard: %w", in.Name, err)
			}
		}
	}
	if first == nil {
		warn("no run.json stands beside the files, to say whether their rows belong together: they are joined as they were named")
	}
	if len(shards) == 0 {
		return false, nil
	}
	if !turns {
		warn("images went to shards by their names: rows come shard by shard, and not in the order of the images")
	}
	return turns, order(all, shards)
}

// order sorts inputs that are all shards of one count.
func order(all []*Input, shards map[*Input]source.Shard) error {
	count := shards[all[0]].Count
	there := map[int]string{}
	for _, in := range all {
		s := shards[in]
		switch {
		case s.Count == 0 || s.Count != count:
			return fmt.Errorf("%s is no shard of %d, as others are: give the shards of one run", in.Name, max(count, s.Count))
		case there[s.Index] != "":
			return fmt.Errorf("%s and %s are both shard %s", there[s.Index], in.Name, s)
		}
		there[s.Index] = in.Name
	}
	var missing []string
	for i := range count {
		if there[i] == "" && len(missing) < 10 {
			missing = append(missing, source.Shard{Index: i, Count: count}.String())
		}
	}
	if len(missing) > 0 {
		return fmt.Errorf("of %d shards there are %d: %s missing, as --shard has it", count, len(all), strings.Join(missing, ", ")+map[bool]string{true: " is", false: " are"}[len(missing) == 1])
	}
	slices.SortFunc(all, func(a, b *Input) int { return shards[a].Index - shards[b].Index })
	return nil
}

// inTurn yields from each sequence in turn, until all have ended.
func inTurn[K, V any](all []iter.Seq2[K, V]) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var open []func() (K, V, bool)
		for _, one := range all {
			next, stop := iter.Pull2(one)
			defer stop()
			open = append(open, next)
		}
		for len(open) > 0 {
			left := open[:0]
			for _, next := range open {
				k, v, ok := next()
				if !ok {
					continue
				}
				if left = append(left, next); !yield(k, v) {
					return
				}
			}
			open = left
		}
	}
}

// afterEach yields from one sequence after the other.
func afterEach[K, V any](all []iter.Seq2[K, V]) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, one := range all {
			for k, v := range one {
				if !yield(k, v) {
					return
				}
			}
		}
	}
}
