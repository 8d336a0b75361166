// Command benchserve asks servers of one model the same, in turn, and compares their rates and the
// CPU time that each takes for a request: scripts/clients/peers.py starts them, and it.
//
//	benchserve -graph model.onnx -photo cat.jpg TARGET...
//
// A TARGET is NAME,PID,grpc,ADDRESS,MODEL for tensors by the Open Inference Protocol, or
// NAME,PID,http,URL for the photograph as a file; PID is that of the server's first process. The
// name bare stands for the graph's session in this process, as ortho bench run measures it.
//
// With -soak N the model MODEL of ortho serve at -http, whose process is -pid, gets N small images, and
// is loaded anew -swaps times meanwhile: every request has to be answered, and memory is told.
//
// Each round asks all targets, in an order that turns, with so many requests in flight. Printed are
// medians of the rounds; ratios are taken within a round.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// target is what is asked. ask makes one request; worker tells whose it is.
type target struct {
	name string
	pid  int // 0: this process
	ask  func(ctx context.Context, worker int) error
	stop func()
}

// score is what a round has shown of a target.
type score struct {
	rate, cpu float64 // requests a second; milliseconds a request
}

func main() {
	log.SetFlags(0)
	graph := flag.String("graph", "models/bundled/efficientnet-lite0/model.onnx", "the graph of bare")
	photo := flag.String("photo", "cmd/ortho/testdata/photos/coffee.png", "the image that http targets get")
	rounds := flag.Int("rounds", 5, "rounds")
	requests := flag.Int("n", 60, "requests of a target in a round")
	flights := flag.String("flights", "1,4,16", "requests in flight")
	var e endurance
	flag.IntVar(&e.requests, "soak", 0, "requests of a soak run")
	flag.IntVar(&e.swaps, "swaps", 50, "how often the model is loaded anew in a soak run")
	flag.IntVar(&e.flight, "flight", 4, "requests in flight in a soak run")
	flag.IntVar(&e.pid, "pid", 0, "the server's process in a soak run")
	flag.StringVar(&e.address, "http", "http://127.0.0.1:8000", "the server's address in a soak run")
	flag.StringVar(&e.model, "model", "efficientnet-lite0", "the model of a soak run")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if e.requests > 0 {
		if err := e.run(ctx); err != nil {
			log.Fatal(err)
		}
		return
	}
	if err := run(ctx, *graph, *photo, *rounds, *requests, *flights, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, graph, photo string, rounds, requests int, flights string, names []string) error {
	var targets []target
	for _, name := range names {
		t, err := open(ctx, name, graph, photo)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		defer t.stop()
		targets = append(targets, t)
	}
	fmt.Println("| in flight | server | requests/s | of the first | CPU ms a request, server | of the first |")
	fmt.Println("| --- | --- | --- | --- | --- | --- |")
	for _, text := range strings.Split(flights, ",") {
		flight, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		scores := make([][]score, len(targets))
		for round := range rounds + 1 { // the first warms up
			for k := range targets {
				n := (round + k) % len(targets)
				s, err := targets[n].round(ctx, flight, requests)
				if err != nil {
					return fmt.Errorf("%s with %d in flight: %w", targets[n].name, flight, err)
				}
				if round > 0 {
					scores[n] = append(scores[n], s)
				}
			}
		}
		for n, t := range targets {
			rate, cpu := column(scores[n], func(s score) float64 { return s.rate }), column(scores[n], func(s score) float64 { return s.cpu })
			var faster, cheaper []float64
			for r := range rounds {
				faster = append(faster, scores[0][r].rate/scores[n][r].rate)
				cheaper = append(cheaper, scores[n][r].cpu/max(.001, scores[0][r].cpu))
			}
			fmt.Printf("| %d | %s | %s | %s | %s | %s |\n", flight, t.name, spread(rate, "%.1f"), spread(faster, "%.2f"), spread(cpu, "%.1f"), spread(cheaper, "%.2f"))
		}
	}
	return nil
}

func column(all []score, of func(score) float64) (values []float64) {
	for _, s := range all {
		values = append(values, of(s))
	}
	return values
}

// spread is the median of values, with the smallest and the largest.
func spread(values []float64, format string) string {
	slices.Sort(values)
	return fmt.Sprintf(format+" ("+format+" to "+format+")", values[len(values)/2], values[0], values[len(values)-1])
}

// round makes requests.
func (t *target) round(ctx context.Context, flight, requests int) (score, error) {
	var next atomic.Int64
	var group sync.WaitGroup
	failed := make([]error, flight)
	before, err := cpuOf(t.pid)
	if err != nil {
		return score{}, err
	}
	began := time.Now()
	for w := range flight {
		group.Go(func() {
			for failed[w] == nil && next.Add(1) <= int64(requests) {
				failed[w] = t.ask(ctx, w)
			}
		})
	}
	group.Wait()
	took := time.Since(began).Seconds()
	after, err := cpuOf(t.pid)
	return score{float64(requests) / took, (after - before).Seconds() * 1000 / float64(requests)}, cmp.Or(slices.Concat(failed, []error{err})...)
}
