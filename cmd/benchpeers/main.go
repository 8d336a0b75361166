// Command benchpeers measures ortho against the bare graph and against the Python
// programs that a user would write instead (../shared/peers/classify.py, scripts/bench_detect_peer.py), in one run:
// make bench-peers.
//
// Every round runs each contender once, as a process of its own over the same files,
// in an order that turns from round to round. Rates leave out start-up: each contender
// counts from when its session is open. Ratios are taken within a round; printed are
// their medians with the smallest and the largest.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
)

type settings struct {
	ortho, python, peer string
	photos              string
	rounds              int
	images              int // of one round, photographs
	large               int // of one round, 12-megapixel JPEGs
}

const (
	float32Model = "efficientnet-lite0"
	int8Model    = "efficientnet-lite0-int8"
	float32Graph = "models/bundled/efficientnet-lite0/model.onnx"
	boxesGraph   = "models/bundled/ssd-mobilenet-v2/model.onnx"
	boxesPeer    = "scripts/bench_detect_peer.py"
)

// inChild are this program's own child processes, by their name: what is measured, and
// what takes memory. (On Linux a process begins with its parent's peak for its own.)
var inChild = map[string]func(args []string) error{
	"bare": func(args []string) error {
		n, err := strconv.Atoi(args[1])
		if err != nil {
			return err
		}
		return bare(args[0], n, args[2] == "true")
	},
	"enlarge": func(args []string) error {
		files, err := photographs(args[0])
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		return enlarge(context.Background(), files, args[1], n)
	},
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("benchpeers: ")
	if len(os.Args) > 1 {
		if run := inChild[os.Args[1]]; run != nil {
			if err := run(os.Args[2:]); err != nil {
				log.Fatal(err)
			}
			return
		}
	}
	var s settings
	flag.StringVar(&s.ortho, "ortho", "bin/ortho", "the binary")
	flag.StringVar(&s.python, "python", "python3", "the interpreter, with onnxruntime, pillow, numpy and opencv")
	flag.StringVar(&s.peer, "peer", "../shared/peers/classify.py", "the Python program")
	flag.StringVar(&s.photos, "photos", "../shared/images", "a folder of photographs")
	flag.IntVar(&s.rounds, "rounds", 7, "rounds")
	flag.IntVar(&s.images, "images", 1000, "photographs of a round; the folder is repeated")
	flag.IntVar(&s.large, "large", 100, "12-megapixel JPEGs of a round")
	flag.Parse()
	if s.rounds < 1 || s.images < 1 || s.large < 1 {
		log.Fatal("-rounds, -images and -large: at least 1 each")
	}
	if _, err := os.Stat(s.ortho); err != nil {
		log.Fatalf("-ortho: %v: make build", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, s settings) error {
	dir, err := os.MkdirTemp("", "benchpeers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	photos, err := photographs(s.photos)
	if err != nil {
		return err
	}
	withPython := pythonReady(ctx, s)
	if !withPython {
		log.Printf("no Python with onnxruntime, pillow, numpy and cv2 (%s), or no %s: ortho and the bare graph only", s.python, s.peer)
	}
	fmt.Println(environment(ctx, s))

	small := filepath.Join(dir, "photos")
	if err := repeat(photos, small, s.images); err != nil {
		return err
	}
	set := []contender{
		bareGraph("bare graph", float32Graph, s.images, false),
		bareGraph("bare graph, batch fixed", float32Graph, s.images, true),
		ortho(s, "ortho", "classify", small),
		ortho(s, "ortho, int8", "classify", small, "-m", int8Model),
	}
	if withPython {
		set = append(set, python(s, "Python, two threads", s.peer, float32Graph, small, "threads"), python(s, "Python, one by one", s.peer, float32Graph, small, "default"))
	}
	fmt.Printf("\n## %d photographs (%d different ones)\n\n", s.images, min(s.images, len(photos)))
	if err := compare(ctx, set, s.rounds, []ratio{
		{"ortho", "bare graph"}, {"ortho", "bare graph, batch fixed"}, {"ortho", "Python, two threads"}, {"ortho", "Python, one by one"}, {"ortho, int8", "ortho"},
	}); err != nil {
		return err
	}

	set = []contender{bareGraph("bare graph", boxesGraph, s.images, true), ortho(s, "ortho detect", "detect", small)}
	if withPython {
		set = append(set, python(s, "Python, OpenCV", boxesPeer, boxesGraph, small, "opencv"), python(s, "Python, Pillow", boxesPeer, boxesGraph, small, "pillow"))
	}
	fmt.Printf("\n## Boxes in %d photographs\n\n", s.images)
	if err := compare(ctx, set, s.rounds, []ratio{{"ortho detect", "bare graph"}, {"ortho detect", "Python, OpenCV"}, {"ortho detect", "Python, Pillow"}}); err != nil {
		return err
	}

	large := filepath.Join(dir, "large")
	log.Printf("making 12-megapixel JPEGs")
	folder := filepath.Join(dir, "made")
	if out, err := child(ctx, "enlarge", s.photos, folder, strconv.Itoa(s.large)).CombinedOutput(); err != nil {
		return fmt.Errorf("enlarge: %w\n%s", err, out)
	}
	made, err := photographs(folder)
	if err != nil {
		return err
	}
	bytes, err := size(made)
	if err != nil {
		return err
	}
	if err := repeat(made, large, s.large); err != nil {
		return err
	}
	set = []contender{
		ortho(s, "ortho, exact", "classify", large),
		ortho(s, "ortho, scaled", "classify", large, "--decode", "scaled"),
	}
	if withPython {
		set = append(set, python(s, "Python, two threads", s.peer, float32Graph, large, "threads"), python(s, "Python, two threads and draft", s.peer, float32Graph, large, "threads-draft"))
	}
	fmt.Printf("\n## %d JPEGs of 4000x3000 (%d different ones, %.1f MB on average, quality %d, noise of %v levels, seed %d)\n\n",
		s.large, len(made), float64(bytes)/float64(len(made))/1e6, quality, noise, seed)
	if err := compare(ctx, set, s.rounds, []ratio{
		{"ortho, exact", "Python, two threads"}, {"ortho, scaled", "Python, two threads and draft"}, {"ortho, scaled", "ortho, exact"},
	}); err != nil {
		return err
	}
	same, n, err := agreement(ctx, s, made)
	if err != nil {
		return err
	}
	fmt.Printf("\nTop-1 with `--decode scaled` is that of exact decoding on %d of %d different ones.\n", same, n)
	return nil
}
