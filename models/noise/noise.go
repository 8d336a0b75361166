// Package noise draws the random numbers of PyTorch's CPU generator: after
// torch.manual_seed(seed), the calls of a [Generator] give what torch.randn, torch.rand
// and torch.randint give in the same order.
package noise

import "math"

// Generator is at::CPUGeneratorImpl (ATen/CPUGeneratorImpl.cpp). It is not for
// concurrent use.
type Generator struct {
	engine twister
	// The second of a pair of normal numbers, kept for the next call.
	next    float64
	hasNext bool
}

// New is torch.manual_seed. The Mersenne Twister takes the seed's low 32 bits only.
func New(seed uint64) *Generator {
	g := &Generator{}
	g.engine.seed(uint32(seed))
	return g
}

// Uniform fills dst with numbers in [0, 1), multiples of 2^-24: torch.rand of float32,
// to the bit (uniform_real in ATen/core/TransformationHelper.h).
func (g *Generator) Uniform(dst []float32) {
	for i := range dst {
		dst[i] = float32(g.engine.next()&(1<<24-1)) * 0x1p-24
	}
}

// Intn returns a number from 0 to n-1: int(torch.randint(n, ())), exactly
// (random_from_to in ATen/native/cpu/DistributionTemplates.h). n is at least 1, and less
// than 2^28: from there on PyTorch draws otherwise.
func (g *Generator) Intn(n int) int {
	return int(g.engine.next() % uint32(n))
}

// Normal fills dst with standard normal numbers: torch.randn of float32, whose rule differs by
// length. The uniform numbers that they are made of are exact. PyTorch takes logarithms, sines
// and cosines of them by its CPU's vector code (its own CPUs differ by up to 2e-6), and this
// by package math in float64, rounded: with AVX2 in PyTorch 5 of 6 numbers are the same, and
// none differs by more than 5e-7. Platforms of Go differ only where the last bit of a float64
// decides how it rounds to float32: in about one number of 10^8.
func (g *Generator) Normal(dst []float32) {
	if len(dst) >= 16 {
		g.normalFill(dst)
		return
	}
	for i := range dst {
		dst[i] = float32(g.normal())
	}
}

// normal is at::normal_distribution<double> (ATen/core/DistributionsHelper.h): pairs, of
// which the second waits for the next call.
func (g *Generator) normal() float64 {
	if g.hasNext {
		g.hasNext = false
		return g.next
	}
	u1, u2 := g.uniform64(), g.uniform64()
	r := math.Sqrt(-2 * math.Log1p(-u2))
	sin, cos := math.Sincos(2 * math.Pi * u1)
	g.next, g.hasNext = r*sin, true
	return r * cos
}

// uniform64 is at::uniform_real_distribution<double>: 53 of 64 bits, the high half drawn
// first.
func (g *Generator) uniform64() float64 {
	high := uint64(g.engine.next())
	return float64((high<<32|uint64(g.engine.next()))&(1<<53-1)) * 0x1p-53
}

// normalFill is normal_fill (ATen/native/cpu/DistributionTemplates.h): uniform numbers,
// turned by Box and Muller's transform in blocks of 16. Where they don't fill the last
// block, the last 16 are drawn anew.
func (g *Generator) normalFill(dst []float32) {
	g.Uniform(dst)
	for i := 0; i+16 <= len(dst); i += 16 {
		boxMuller((*[16]float32)(dst[i:]))
	}
	if len(dst)%16 != 0 {
		last := (*[16]float32)(dst[len(dst)-16:])
		g.Uniform(last[:])
		boxMuller(last)
	}
}

// boxMuller rounds to float32 where PyTorch does: of the angle that moves the result by
// more than all else.
func boxMuller(block *[16]float32) {
	for j := range 8 {
		u1, u2 := 1-block[j], block[j+8]
		radius := float32(math.Sqrt(-2 * float64(float32(math.Log(float64(u1))))))
		sin, cos := math.Sincos(float64(float32(2*math.Pi) * u2))
		block[j] = radius * float32(cos)
		block[j+8] = radius * float32(sin)
	}
}

// Entropy returns a number from 0 to 2^63-2: int(torch.randint(0, 2**63-1, ())).
func (g *Generator) Entropy() uint64 {
	high := uint64(g.engine.next())
	return (high<<32 | uint64(g.engine.next())) % (1<<63 - 1)
}
