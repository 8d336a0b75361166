package bench

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"ortho/runner/exact"
	"ortho/runner/regular"
)

// Limits on a results file, whoever wrote it: a row of 60 rounds takes about 2 MB.
const (
	maxRow  = 64 << 20
	maxFile = 1 << 30
	maxRows = 4096
)

// ErrUnfinished is wrapped by the error of reading the log of a run that did not finish, which
// is no results file.
var ErrUnfinished = errors.New("the log of a run that did not finish")

// ReadFile reads the results file at path, as [File.Write] writes it.
func ReadFile(path string) (*File, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	file, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("read results %s: %w", path, err)
	}
	return file, nil
}

// Read reads a results file. Its first line says what was run. Lines of other kinds than
// those of this format, cells that come twice, figures that can't be, and files beyond 1 GiB
// are refused.
func Read(r io.Reader) (*File, error) {
	limited := &io.LimitedReader{R: r, N: maxFile + 1}
	scanner := bufio.NewScanner(limited)
	scanner.Buffer(nil, maxRow)
	f := &File{}
	seen := map[Config]bool{}
	n := 1
	for ; scanner.Scan(); n++ {
		line := bytes.TrimSpace(scanner.Bytes())
		if len(line) == 0 {
			return nil, fmt.Errorf("line %d is blank", n)
		}
		if err := f.add(line, n == 1, seen); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
	}
	switch err := scanner.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return nil, fmt.Errorf("line %d is longer than %d MiB", n, maxRow>>20)
	case err != nil:
		return nil, err
	case limited.N == 0:
		return nil, fmt.Errorf("it is larger than %d MiB", maxFile>>20)
	case n == 1:
		return nil, errors.New("it is empty")
	}
	return f, nil
}

// NotResultsError says that a file is none of the results of a run.
type NotResultsError struct{ Kind string } // by which it begins; "" where it has none

func (e *NotResultsError) Error() string { return e.Of("results") }

// Of is the error's text with the results that were looked for in other words.
func (e *NotResultsError) Of(results string) string {
	if e.Kind == "" {
		return fmt.Sprintf("it has no kind, and %s begin with a %q: it is another file", results, KindRun)
	}
	return fmt.Sprintf("it begins with a %q, where %s begin with a %q", e.Kind, results, KindRun)
}

// add reads one line.
func (f *File) add(line []byte, first bool, seen map[Config]bool) error {
	var head struct {
		Kind   string `json:"kind"`
		Format int    `json:"format"`
	}
	if err := exact.Unmarshal(line, &head); err != nil {
		return fmt.Errorf("no JSON object, or one that was cut off: %w", err)
	}
	if first != (head.Kind == KindRun) {
		if first {
			return &NotResultsError{Kind: head.Kind}
		}
		return errors.New("a second run: results are of one run a file")
	}
	var err error
	switch head.Kind {
	case KindRun:
		if head.Format != Format {
			return fmt.Errorf("format %d of results; this ortho reads format %d", head.Format, Format)
		}
		err = exact.Unmarshal(line, &f.Run)
	case KindCell:
		var r Row
		if err = exact.Unmarshal(line, &r); err != nil {
			break
		}
		if seen[r.Config] {
			return fmt.Errorf("cell %s comes twice", r.Config)
		}
		if seen[r.Config] = true; len(f.Rows) == maxRows {
			return fmt.Errorf("more than %d cells", maxRows)
		}
		if err = r.check(); err == nil {
			f.Rows = append(f.Rows, r)
		}
	case KindStages:
		f.Stages = &Stages{}
		err = exact.Unmarshal(line, f.Stages)
	case KindOverhead:
		f.Overhead = &Overhead{}
		err = exact.Unmarshal(line, f.Overhead)
	case KindVerdict:
		f.Verdict = &Verdict{}
		err = exact.Unmarshal(line, f.Verdict)
	case "round":
		return ErrUnfinished
	default:
		return fmt.Errorf("kind %q is none that results have", head.Kind)
	}
	return err
}

// check refuses figures that no measurement can have.
func (r *Row) check() error {
	if !slices.Contains([]string{StatusOK, StatusFailed, StatusRuledOut, StatusSkipped}, r.Status) {
		return fmt.Errorf("cell %s has status %q", r.Config, r.Status)
	}
	if r.Threads < 0 || r.Batch < 0 || r.Batch > math.MaxInt32 || r.Concurrency < 0 {
		return fmt.Errorf("cell %s: a setting is out of range", r.Config)
	}
	for i, round := range r.Rounds {
		negative := slices.ContainsFunc(round.LatencyMS, func(v float64) bool { return v < 0 })
		if round.WallS < 0 || round.Runs < 0 || round.Runs > math.MaxInt32 || negative {
			return fmt.Errorf("cell %s: round %d has a negative time or an impossible number of runs", r.Config, i+1)
		}
	}
	return nil
}
