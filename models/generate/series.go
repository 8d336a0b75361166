package generate

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"iter"
	"strconv"

	"ortho/models"
	"ortho/models/provenance"
)

// Series describes the images of a run that takes no images: Count of each subject, with the
// seeds Seed, Seed+1, ..., or one with each of the Latents.
type Series struct {
	Subjects   []Subject
	Count      int
	Seed       uint64
	Truncation float64

	// Latents replace those of the seeds. What else is drawn at random has the same seed for all
	// images, unless Reseed gives each its own, as for a pipeline's noise between its steps.
	Latents       [][]float32
	LatentsSHA256 string // of the file that they come from
	Reseed        bool

	ends *[2]uint64 // that the latents lie between
}

// Subject is what images show. The zero Subject is for models that draw it at random.
type Subject struct {
	Text  string
	Class *int
	Label string // of the class; "" where it has none
}

// Interpolate makes the images go from one end to the other in equal steps, both included.
// The ends are rows of the Latents or, where there are none, seeds. See [Interpolate]; a
// row that is not there is a [*RowError].
func (s *Series) Interpolate(in *models.LatentsPort, from, to uint64, frames int) error {
	var ends [2][]float32
	for i, at := range [2]uint64{from, to} {
		switch {
		case s.Latents == nil:
			ends[i] = LatentsOfSeed(in, at)
		case at >= uint64(len(s.Latents)):
			return &RowError{at, len(s.Latents)}
		default:
			ends[i] = s.Latents[at]
		}
	}
	s.Latents, s.ends, s.Seed = Interpolate(ends[0], ends[1], frames, in.Uniform), &[2]uint64{from, to}, from
	return nil
}

// RowError says that latents have no such row.
type RowError struct {
	Row  uint64
	Rows int // that there are
}

func (e *RowError) Error() string {
	return fmt.Sprintf("row %d: there are the rows 0 to %d", e.Row, e.Rows-1)
}

// Each is how many images a subject has.
func (s *Series) Each() int {
	if s.Latents != nil {
		return len(s.Latents)
	}
	return s.Count
}

// Len is how many images there are.
func (s *Series) Len() int { return len(s.Subjects) * s.Each() }

// Requests yields the request of each image: those of the first subject, then those of
// the next.
func (s *Series) Requests() iter.Seq[Request] {
	return func(yield func(Request) bool) {
		for i := range s.Len() {
			if !yield(s.request(i)) {
				return
			}
		}
	}
}

func (s *Series) request(i int) Request {
	subject, k := s.Subjects[i/s.Each()], i%s.Each()
	r := Request{Seed: s.Seed, Text: subject.Text, Class: subject.Class, Label: subject.Label, Truncation: s.Truncation}
	if s.Latents == nil {
		r.Seed += uint64(k)
		return r
	}
	r.Latents, r.Origin = s.Latents[k], &provenance.Latents{From: uint64(k), SHA256: s.LatentsSHA256}
	if s.Reseed {
		r.Seed += uint64(k)
	}
	if s.ends != nil {
		at := sixDigits(float64(k) / float64(max(1, s.Each()-1)))
		r.Origin.From, r.Origin.To, r.Origin.At = s.ends[0], &s.ends[1], &at
	}
	return r
}

// sixDigits keeps six significant digits: a third is 0.333333.
func sixDigits(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return short
}

// RandomSeed draws a seed of 32 bits, as those of PyTorch's generator are.
func RandomSeed() (uint64, error) {
	var four [4]byte
	if _, err := rand.Read(four[:]); err != nil {
		return 0, fmt.Errorf("draw a seed: %w", err)
	}
	return uint64(binary.LittleEndian.Uint32(four[:])), nil
}
