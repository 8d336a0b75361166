package bench

import (
	"math"
	"math/rand/v2"
	"testing"

	"ortho/runner/stats"
)

// machineNoise is what a simulated machine does to figures.
type machineNoise struct {
	jitter  float64 // of a run's latency (standard deviation of the logarithm)
	memory  float64 // of the jitter from run to run: AR(1)
	turn    float64 // of a cell's turn
	drift   float64 // of the whole machine, from round to round: a random walk
	process [2]float64
	burst   float64 // chance that a round has a neighbour's burst, through half of its cells' turns
}

// ordinary is about what an idle machine of two cores shows: five repetitions of a sweep of
// EfficientNet-Lite0 had rounds that differed by 2 to 4 %, common steps of 1 to 5 % from round
// to round, and processes that differed by 0.8 %.
var ordinary = machineNoise{jitter: 0.05, memory: 0.7, turn: 0.015, drift: 0.01, process: [2]float64{0.01, 0.02}}

// simulate measures cells as a sweep does: in rounds, one turn each.
func simulate(r *rand.Rand, m machineNoise, cells, rounds, runs int, factor func(cell int) float64) *File {
	f := &File{Run: Run{Kind: KindRun, Format: Format, Model: Model{SHA256: "m"}}}
	yes := true
	levels := make([]float64, cells)
	for i := range cells {
		f.Rows = append(f.Rows, Row{Kind: KindCell, Config: Config{"cpu", "cpu", i/8 + 1, i/2%4 + 1, i%2 + 1}, Status: StatusOK, Equal: &yes})
		process := m.process[0] + (m.process[1]-m.process[0])*r.Float64()
		levels[i] = (3 + float64(i)) * factor(i) * math.Exp(r.NormFloat64()*process)
	}
	drift := 0.0
	for range rounds {
		drift += r.NormFloat64() * m.drift
		burstFrom := cells
		if r.Float64() < m.burst {
			burstFrom = r.IntN(cells)
		}
		for at, i := range r.Perm(cells) {
			row := &f.Rows[i]
			level := levels[i] * math.Exp(drift+r.NormFloat64()*m.turn)
			if at >= burstFrom && at < burstFrom+cells/2 {
				level *= 1.3 + r.Float64() // a neighbour takes a good part of the machine
			}
			round, state := Round{Runs: runs}, r.NormFloat64()*m.jitter
			for range runs {
				state = m.memory*state + m.jitter*math.Sqrt(1-m.memory*m.memory)*r.NormFloat64()
				round.LatencyMS = append(round.LatencyMS, level*math.Exp(state))
				round.WallS += level * math.Exp(state) / 1000 / float64(row.Concurrency)
			}
			row.Rounds = append(row.Rounds, round)
		}
	}
	return f
}

// figures gives a row what follows from its rounds.
func figures(row *Row) {
	rounds := roundsOf(*row)
	var all []float64
	for _, r := range rounds {
		all = append(all, r.Latencies...)
	}
	summary, rate := stats.Summarize(all), stats.Rate(rounds)
	row.LatencyMS, row.ThroughputS = &summary, &rate
	row.ThroughputCI, row.LatencyCI = stats.RateInterval(rounds), stats.QuantileInterval(rounds, 0.5)
	cv := stats.CV(stats.Rates(rounds))
	row.CV, row.Unstable = &cv, stats.Unstable(stats.Rates(rounds))
}

// repetitions are fewer under -short.
func repetitions(n int) int {
	if testing.Short() {
		return n / 4
	}
	return n
}

func unchanged(int) float64 { return 1 }

func compareSimulated(t *testing.T, old, new *File) *Comparison {
	t.Helper()
	c, err := Compare(old, new, MinEffect, false)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestIdenticalSeries simulates repetitions of one benchmark: on an ordinary machine, on one
// with bursts of load (which may leave most cells unknown, but changes none), and where only
// few cells were measured.
func TestIdenticalSeries(t *testing.T) {
	bursts := ordinary
	bursts.burst = 0.3
	restless := ordinary
	restless.turn, restless.drift = 0.05, 0.03
	for _, c := range []struct {
		name          string
		noise         machineNoise
		cells, rounds int
	}{{"ordinary", ordinary, 24, 5}, {"bursts", bursts, 24, 5}, {"restless", restless, 24, 5}, {"few cells", ordinary, 4, 5}, {"three rounds", ordinary, 16, 3}, {"many rounds", ordinary, 16, 30}} {
		r := rand.New(rand.NewPCG(11, uint64(len(c.name))))
		series := repetitions(100)
		alarms, unknown := 0, 0
		for range series {
			got := compareSimulated(t, simulate(r, c.noise, c.cells, c.rounds, 60, unchanged), simulate(r, c.noise, c.cells, c.rounds, 60, unchanged))
			if got.Verdict != VerdictNoChange && !(c.noise.burst > 0 && got.Verdict == VerdictUnknown) {
				alarms++
			}
			unknown += got.Counts.Unknown
		}
		t.Logf("%s: %d of %d say other than no change; %.2f %% of the cells unknown", c.name, alarms, series, 100*float64(unknown)/float64(series*c.cells))
		if alarms > series/20 {
			t.Errorf("%s: %d of %d identical series are not said to be unchanged", c.name, alarms, series)
		}
	}
}

// TestSlowdown finds one cell that is 20 % slower, and no other. Where bursts of load lie over
// half of a round's turns, a cell that they met is not said to be unchanged.
func TestSlowdown(t *testing.T) {
	bursts := ordinary
	bursts.burst = 0.2
	series := repetitions(200)
	for _, c := range []struct {
		name        string
		noise       machineNoise
		cells       int
		factor      float64
		found, told int // per cent of the series: found; found or called unknown
	}{
		{"20 % slower, 24 cells", ordinary, 24, 1.2, 95, 95},
		{"20 % slower, 4 cells", ordinary, 4, 1.2, 95, 95},
		{"20 % faster, 24 cells", ordinary, 24, 1 / 1.2, 95, 95},
		{"20 % slower, bursts", bursts, 24, 1.2, 35, 85},
		{"all 20 % slower", ordinary, 24, 0, 95, 95},
		{"half 20 % slower", ordinary, 24, -1, 95, 95},
		{"2 % slower", ordinary, 24, 1.02, 0, 0},
	} {
		r := rand.New(rand.NewPCG(12, uint64(len(c.name))))
		found, unknown, others := 0, 0, 0
		for range series {
			slow := r.IntN(c.cells)
			factor := func(i int) float64 {
				switch {
				case c.factor == 0, c.factor == -1 && i%2 == slow%2:
					return 1.2
				case c.factor > 0 && i == slow:
					return c.factor
				}
				return 1
			}
			got := compareSimulated(t, simulate(r, c.noise, c.cells, 5, 60, unchanged), simulate(r, c.noise, c.cells, 5, 60, factor))
			if c.factor <= 0 && got.Verdict == VerdictSlower {
				found++ // some of them
			}
			for i, cell := range got.Cells {
				want := VerdictSlower
				if factor(i) < 1 {
					want = VerdictFaster
				}
				switch changed := cell.Verdict == VerdictSlower || cell.Verdict == VerdictFaster; {
				case i == slow && c.factor > 0 && cell.Verdict == want:
					found++
				case i == slow && cell.Verdict == VerdictUnknown:
					unknown++
				case changed && (factor(i) == 1 || cell.Verdict != want):
					others++
				}
			}
		}
		t.Logf("%s: found %d of %d, called unknown %d; %d other cells are said to have changed", c.name, found, series, unknown, others)
		if found < c.found*series/100 || found+unknown < c.told*series/100 || others > series/20 || c.factor == 1.02 && found > series/20 {
			t.Errorf("%s: found %d of %d, called unknown %d; %d other cells are said to have changed", c.name, found, series, unknown, others)
		}
	}
}

// TestRecommendSimulated asks that the cell that is really best is recommended or tied, and
// that one that is clearly worse is neither.
func TestRecommendSimulated(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 1))
	wrong, lost, ties := 0, 0, 0
	for range 100 {
		// equal cells but for one in front by 12 %, and one behind by half
		f := simulate(r, ordinary, 16, 5, 60, func(i int) float64 {
			level := 10 / (3 + float64(i)) // undoes simulate's own levels
			level *= float64(i%2 + 1)      // and what concurrency gains
			switch i {
			case 5:
				return level / 1.12
			case 9:
				return level * 2
			}
			return level
		})
		for i := range f.Rows {
			f.Rows[i].Batch = 1 // rows a second then follow from latency alone
			f.Rows[i].Config.Threads = i
			figures(&f.Rows[i])
		}
		v := recommend(f.Rows, ObjectiveThroughput, Constraints{}, "rows/s")
		in := func(i int) bool {
			if *v.Recommended == f.Rows[i].Config {
				return true
			}
			for _, c := range v.Ties {
				if c == f.Rows[i].Config {
					return true
				}
			}
			return false
		}
		if in(9) {
			wrong++
		}
		if !in(5) {
			lost++
		}
		ties += len(v.Ties)
	}
	t.Logf("the best cell lost %d times, a poor one was among the best %d times, %.1f ties", lost, wrong, float64(ties)/100)
	if wrong > 0 || lost > 5 {
		t.Errorf("the best cell lost %d times of 100, a poor one was among the best %d times", lost, wrong)
	}
}
