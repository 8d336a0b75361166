package compare

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ortho/runner/feed"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// A graph of a larger fixed batch is not compared.
const maxBatch = 4096

// BatchError says that a side can't run the batch that is wanted.
type BatchError struct {
	Side   string
	Fixed  int // what its graph takes; 0: it has no batch dimension
	Wanted int
}

func (e *BatchError) Error() string {
	if e.Fixed == 0 {
		return fmt.Sprintf("%s has no batch dimension: it can't be given batches of %d", e.Side, e.Wanted)
	}
	return fmt.Sprintf("%s takes batches of exactly %d, not of %d", e.Side, e.Fixed, e.Wanted)
}

// batchOf returns the rows of one run that all sides take: wanted, or, where that is 0, what
// a graph fixes, or else 1.
func batchOf(sides []Side, wanted int) (int, error) {
	batch := max(1, wanted)
	fixedBy := ""
	for _, s := range sides {
		fixed, open := feed.BatchDim(s.Graph, s.Dims)
		switch {
		case open, fixed == 0 && wanted <= 1:
		case fixed == 0:
			return 0, &BatchError{Side: s.Name, Wanted: wanted}
		case fixed > maxBatch:
			return 0, fmt.Errorf("%s takes batches of %d: more than %d are not compared", s.Name, fixed, maxBatch)
		case fixedBy != "" && int(fixed) != batch:
			return 0, fmt.Errorf("%s takes batches of exactly %d and %s of %d: their runs can't be compared", fixedBy, batch, s.Name, fixed)
		case wanted > 0 && int(fixed) != wanted:
			return 0, &BatchError{Side: s.Name, Fixed: int(fixed), Wanted: wanted}
		default:
			batch, fixedBy = int(fixed), s.Name
		}
	}
	return batch, nil
}

// Inputs makes the inputs of all sides from the reference's, as [InputsOf] does. Notices are
// warnings about inputs, with the side's name.
func (p *Plan) Inputs(reference *feed.Set) (sets []*feed.Set, notices []string, err error) {
	sets = append(sets, reference)
	for _, s := range p.Sides[1:] {
		own, notice, err := InputsOf(reference, s.Graph)
		if err != nil {
			return nil, notices, fmt.Errorf("%s: %w", s.Name, err)
		}
		if notice != "" {
			notices = append(notices, s.Name+": "+notice)
		}
		sets = append(sets, own)
	}
	return sets, notices, nil
}

// Chunks cuts sets, one for each side and of equally many rows, into chunks of as many rows as
// there is room for; see [Comparison.Room]. Sets without a batch are one chunk. When ctx is
// done the chunks end early.
func Chunks(ctx context.Context, sets []*feed.Set, room func(rowBytes int64) int) iter.Seq2[Chunk, error] {
	return func(yield func(Chunk, error) bool) {
		rows := sets[0].Rows
		if rows == 0 {
			yield(Chunk{Names: []string{"the arrays"}, Sets: sets}, nil)
			return
		}
		var rowBytes int64
		for _, s := range sets {
			for _, a := range s.Arrays {
				rowBytes += int64(len(a.Data) / s.Rows)
			}
		}
		for first := 0; first < rows && ctx.Err() == nil; {
			n := min(room(rowBytes), rows-first)
			if slices.ContainsFunc(sets, func(s *feed.Set) bool { return s.Single }) {
				n = 1
			}
			chunk, err := cut(sets, first, n)
			if !yield(chunk, err) || err != nil {
				return
			}
			first += n
		}
	}
}

// cut takes n rows out of sets, from row first on.
func cut(sets []*feed.Set, first, n int) (Chunk, error) {
	var chunk Chunk
	for row := range n {
		chunk.Names = append(chunk.Names, fmt.Sprintf("row %d", first+row))
	}
	for _, s := range sets {
		part := *s
		part.Rows = n
		var err error
		if part.Arrays, err = s.Slice(first, n); err != nil {
			return Chunk{}, err
		}
		if part.Single {
			part.Single, part.Whole = false, slices.Repeat([]bool{true}, len(part.Arrays))
		}
		chunk.Sets = append(chunk.Sets, &part)
	}
	return chunk, nil
}

// fullBatches fills a set's rows up to what a graph of a fixed batch takes, with rows that
// are not compared.
func fullBatches(set *feed.Set, g *onnx.Graph) ([]npz.Array, error) {
	fixed, _ := feed.BatchDim(g, set.Dims)
	if fixed < 1 || set.Rows == 0 {
		return set.Arrays, nil
	}
	return set.Slice(0, (set.Rows+int(fixed)-1)/int(fixed)*int(fixed))
}
