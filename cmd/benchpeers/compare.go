package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"runtime"
	"slices"
	"strings"
)

// ratio names two contenders whose rates are divided, round by round.
type ratio struct{ of, to string }

// compare runs every contender once a round and prints what came out, in Markdown. The
// first round only warms the page cache.
func compare(ctx context.Context, set []contender, rounds int, ratios []ratio) error {
	results := map[string][]result{}
	for round := range rounds + 1 {
		for i := range set {
			c := set[(round+i)%len(set)]
			r, err := c.run(ctx)
			if err != nil {
				return err
			}
			if round > 0 {
				results[c.name] = append(results[c.name], r)
			}
		}
		log.Printf("round %d of %d", round, rounds)
	}
	fmt.Println("| | images/s, median (least to most) | peak memory |\n| --- | --- | --- |")
	for _, c := range set {
		rates := make([]float64, len(results[c.name]))
		peak := int64(0)
		for i, r := range results[c.name] {
			rates[i], peak = r.rate, max(peak, r.peak)
		}
		m, least, most := spread(rates)
		fmt.Printf("| %s | %.1f (%.1f to %.1f) | %s |\n", c.name, m, least, most, megabytes(peak))
	}
	fmt.Println("\n| ratio | median (least to most) |\n| --- | --- |")
	for _, q := range ratios {
		of, to := results[q.of], results[q.to]
		if of == nil || to == nil {
			continue
		}
		values := make([]float64, len(of))
		for i := range of {
			values[i] = of[i].rate / to[i].rate
		}
		m, least, most := spread(values)
		fmt.Printf("| %s / %s | %.2f (%.2f to %.2f) |\n", q.of, q.to, m, least, most)
	}
	return nil
}

func spread(values []float64) (median, least, most float64) {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	return (s[(n-1)/2] + s[n/2]) / 2, s[0], s[n-1]
}

func megabytes(bytes int64) string {
	if bytes == 0 {
		return "not known"
	}
	return fmt.Sprintf("%d MB", bytes/1e6)
}

func runtimeCores() int { return runtime.GOMAXPROCS(0) }

// cpuModel is the processor's name where the system tells it in /proc.
func cpuModel() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(data)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
