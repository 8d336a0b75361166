package noise

import (
	"math"
	"math/bits"
	"strconv"
)

// Brownian is a Brownian motion, the same whichever of its increments are asked for, and in
// whatever order: torchsde.BrownianInterval with halfway_tree, tol 1e-6 and pool_size 24, as
// BrownianTreeNoiseSampler of diffusers and k-diffusion has it. Its interval is halved, and its
// increment divided by a bridge, down to the multiples of 1e-6 that are asked for. It is not
// for concurrent use.
type Brownian struct {
	seed       uint64
	start, end float64 // of the whole, in time, rounded
	deviation  float64 // of the whole increment
	draws      Generator
	levels     [][]float32 // the increment of the interval at each depth
}

// NewBrownian is one from start to end, which is after it.
func NewBrownian(seed uint64, start, end float64) *Brownian {
	b := &Brownian{}
	b.Reset(seed, start, end)
	return b
}

// Reset makes it another one.
func (b *Brownian) Reset(seed uint64, start, end float64) {
	b.seed, b.start, b.end, b.deviation = seed, micro(start), micro(end), math.Sqrt(end-start)
}

// micro is Python's round(t, 6).
func micro(t float64) float64 {
	var digits [64]byte
	rounded, _ := strconv.ParseFloat(string(strconv.AppendFloat(digits[:0], t, 'f', 6, 64)), 64)
	return rounded
}

// maxDepth is more than an interval of 2^30 can be halved to its millionths.
const maxDepth = 60

// Increment fills dst with the motion from one time to a later one, both within the interval.
func (b *Brownian) Increment(dst []float32, from, to float64) {
	if b.levels == nil {
		b.levels = make([][]float32, maxDepth+1)
	}
	from, to = micro(min(max(from, b.start), b.end)), micro(min(max(to, b.start), b.end))
	clear(dst)
	if from >= to {
		return
	}
	var seeds [1]uint32
	b.seeds(seeds[:])
	whole := b.level(0, len(dst))
	b.draw(whole, seeds[0])
	for i := range whole {
		whole[i] *= float32(b.deviation)
	}
	b.add(dst, from, to, b.start, b.end, 0, 0)
}

func (b *Brownian) level(depth, n int) []float32 {
	if cap(b.levels[depth]) < n {
		b.levels[depth] = make([]float32, n)
	}
	b.levels[depth] = b.levels[depth][:n]
	return b.levels[depth]
}

func (b *Brownian) draw(dst []float32, seed uint32) {
	b.draws.engine.seed(seed)
	b.draws.hasNext = false
	b.draws.Normal(dst)
}

// add adds what lies from one time to another within the interval from start to end, whose
// increment is that of its depth. place is which of the intervals of this depth it is.
func (b *Brownian) add(dst []float32, from, to, start, end float64, place uint64, depth int) {
	whole := b.levels[depth]
	if from == start && to == end || depth == maxDepth {
		for i, w := range whole {
			dst[i] += w
		}
		return
	}
	middle := micro(0.5 * (end + start))
	reciprocal := 1 / (end - start)
	before, after := middle-start, end-middle
	deviation := float32(math.Sqrt(before * after * reciprocal))
	half := b.level(depth+1, len(dst))
	var seeds [1]uint32
	b.seeds(seeds[:], place, uint64(depth))
	b.draw(half, seeds[0])
	for i, z := range half {
		half[i] = float32(before)*whole[i]*float32(reciprocal) + deviation*z
	}
	if from < middle {
		b.add(dst, from, min(to, middle), start, middle, 2*place, depth+1)
	}
	if to > middle { // half is as it was: what is below has levels of its own
		for i, w := range whole {
			half[i] = w - half[i]
		}
		b.add(dst, max(from, middle), to, middle, end, 2*place+1, depth+1)
	}
}

// seeds are numpy.random.SeedSequence(seed, spawn_key=key, pool_size=24).generate_state
// (numpy/random/bit_generator.pyx), O'Neill's seed_seq_fe.
func (b *Brownian) seeds(dst []uint32, key ...uint64) {
	const pool = 24
	var words [pool + 8]uint32
	n := appendWords(words[:], 0, b.seed)
	if len(key) > 0 {
		n = pool
		for _, k := range key {
			n = appendWords(words[:], n, k)
		}
	}
	var mixed [pool]uint32
	constant := uint32(0x43b0d7e5)
	hash := func(v uint32) uint32 {
		v ^= constant
		constant *= 0x931e8875
		v *= constant
		return v ^ v>>16
	}
	mix := func(x, y uint32) uint32 {
		r := 0xca01f9dd*x - 0x4973f715*y
		return r ^ r>>16
	}
	for i := range mixed {
		mixed[i] = hash(words[i])
	}
	for from := range mixed {
		for to := range mixed {
			if from != to {
				mixed[to] = mix(mixed[to], hash(mixed[from]))
			}
		}
	}
	for from := pool; from < n; from++ {
		for to := range mixed {
			mixed[to] = mix(mixed[to], hash(words[from]))
		}
	}
	constant = 0x8b51f9dd
	for i := range dst {
		v := mixed[i%pool] ^ constant
		constant *= 0x58f38ded
		v *= constant
		dst[i] = v ^ v>>16
	}
}

// appendWords puts a number's words from n on, low to high, one of a zero, and returns where
// they end.
func appendWords(words []uint32, n int, v uint64) int {
	words[n] = uint32(v)
	if bits.Len64(v) > 32 {
		n++
		words[n] = uint32(v >> 32)
	}
	return n + 1
}
