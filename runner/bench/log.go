package bench

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"time"

	"ortho/runner/appear"
	"ortho/runner/exact"
)

// Log keeps a sweep's rounds in a file, so that a run that is ended early can be
// continued: a Run first, then a line for each round.
type Log struct {
	file    *os.File // held by this process
	path    string
	start   time.Time
	rounds  map[Config][]Round
	peaks   map[Config]int64
	elapsed time.Duration
}

// logged is a line of the log.
type logged struct {
	Kind     string  `json:"kind"` // "round"
	ElapsedS float64 `json:"elapsed_s"`
	Peak     *int64  `json:"peak_rss_bytes"`
	Config
	Round Round `json:"round"`
}

const kindRound = "round"

// Limits of a log.
const (
	maxLog  = 1 << 20 // lines
	maxLine = 4 << 20 // bytes of one
)

// ContinueError says why a run can't continue the earlier one whose results are at Path.
type ContinueError struct {
	Path string
	Err  error
}

func (e *ContinueError) Error() string { return fmt.Sprintf("continue %s: %v", e.Path, e.Err) }
func (e *ContinueError) Unwrap() error { return e.Err }

// ErrForeign is wrapped where a file has a log's name and is none. It is left as it is.
var ErrForeign = errors.New("it is not the log of a run")

// CreateLog begins a log at path, in place of one that is there and that no process writes. It appears
// with its first line.
func CreateLog(path string, run Run) (*Log, error) {
	if err := RemoveLog(path); err != nil {
		return nil, err
	}
	f, err := appear.Create(path)
	if err != nil {
		return nil, fmt.Errorf("keep rounds: %w", err)
	}
	l := &Log{file: f.File, path: path, start: time.Now()}
	if err := l.line(run); err != nil {
		f.Discard()
		return nil, err
	}
	if _, err := f.Grow(); err != nil {
		return nil, fmt.Errorf("keep rounds: %w", err)
	}
	return l, nil
}

// RemoveLog removes the log of a run that is not to be continued, if there is one.
func RemoveLog(path string) error {
	f, err := holdLog(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return os.Remove(path)
}

// holdLog opens what is a log, or was to be one.
func holdLog(path string) (*os.File, error) {
	f, err := appear.Hold(path, false)
	if err != nil && !errors.Is(err, appear.ErrUnlocked) {
		if errors.Is(err, appear.ErrForeign) {
			err = fmt.Errorf("%w: %w", ErrForeign, err)
		}
		return nil, fmt.Errorf("keep rounds: %w", err)
	}
	line, err := bufio.NewReaderSize(io.NewSectionReader(f, 0, maxLine), maxLine).ReadSlice('\n')
	var run Run
	if len(line) > 0 && (err != nil || exact.Unmarshal(line, &run) != nil || run.Kind != KindRun) {
		f.Close()
		return nil, fmt.Errorf("keep rounds: %s: %w", path, ErrForeign)
	}
	return f, nil
}

// ContinueLog opens the log of an earlier run at path, and begins one where there is none. A
// log of another model, machine, plan or other inputs is a [ContinueError]. A last line that
// was cut off is dropped.
func ContinueLog(path string, run Run) (*Log, error) {
	f, err := holdLog(path)
	if errors.Is(err, fs.ErrNotExist) {
		return CreateLog(path, run)
	}
	if err != nil {
		return nil, err
	}
	l := &Log{file: f, path: path, rounds: map[Config][]Round{}, peaks: map[Config]int64{}}
	if info, err := f.Stat(); err == nil && info.Size() == 0 { // as older versions left it, killed in time
		f.Close()
		return CreateLog(path, run)
	}
	if err := l.read(run); err != nil {
		f.Close()
		return nil, &ContinueError{path, err}
	}
	l.start = time.Now().Add(-l.elapsed)
	return l, nil
}

func (l *Log) read(run Run) error {
	scanner := bufio.NewScanner(l.file)
	scanner.Buffer(nil, maxLine)
	end := int64(0)
	for n := 1; scanner.Scan(); n++ {
		line := scanner.Bytes()
		if n > maxLog {
			return fmt.Errorf("it has more than %d lines", maxLog)
		}
		if n == 1 {
			var before Run
			if err := exact.Unmarshal(line, &before); err != nil || before.Kind != KindRun {
				return errors.New("its first line does not say what was run")
			}
			if err := before.continuedBy(run); err != nil {
				return err
			}
		} else {
			var r logged
			if err := exact.Unmarshal(line, &r); err != nil || r.Kind != kindRound {
				break // cut off
			}
			l.rounds[r.Config] = append(l.rounds[r.Config], r.Round)
			if r.Peak != nil {
				l.peaks[r.Config] = max(l.peaks[r.Config], *r.Peak)
			}
			l.elapsed = time.Duration(r.ElapsedS * float64(time.Second))
		}
		end += int64(len(line)) + 1
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	if end == 0 {
		return errors.New("it is empty")
	}
	info, err := l.file.Stat()
	if err != nil {
		return err
	}
	if info.Size() < end { // the last line's end is missing
		if _, err := l.file.WriteAt([]byte("\n"), info.Size()); err != nil {
			return err
		}
	}
	if err := l.file.Truncate(end); err != nil {
		return err
	}
	_, err = l.file.Seek(0, io.SeekEnd)
	return err
}

// ReadFinished reads the results that a run like this one has left at path. Those of another
// model, machine, plan or other inputs are a [ContinueError].
func ReadFinished(path string, run Run) (*File, error) {
	f, err := ReadFile(path)
	if err != nil {
		return nil, err
	}
	if err := f.Run.continuedBy(run); err != nil {
		return nil, &ContinueError{path, err}
	}
	return f, nil
}

// continuedBy returns why other can't go on with what r has measured; nil if it can.
func (r Run) continuedBy(other Run) error {
	switch {
	case r.Model.SHA256 != other.Model.SHA256:
		return fmt.Errorf("it measured another model (%s, SHA-256 %.12s...)", r.Model.Name, r.Model.SHA256)
	case r.Input.SHA256 != other.Input.SHA256:
		return errors.New("it had other inputs")
	case !reflect.DeepEqual(r.Plan, other.Plan):
		return errors.New("it had other options")
	case !reflect.DeepEqual(r.Libraries, other.Libraries):
		return errors.New("it had other libraries of ONNX Runtime")
	}
	if differences := r.Machine.Same(other.Machine); len(differences) > 0 {
		return fmt.Errorf("it ran on another machine: %s", differences[0])
	}
	return nil
}

// Rounds are those of an earlier run, with the peaks of memory and the time it took.
func (l *Log) Rounds() (map[Config][]Round, map[Config]int64, time.Duration) {
	return l.rounds, l.peaks, l.elapsed
}

// Add appends a round.
func (l *Log) Add(c Config, r Round, peak *int64) error {
	return l.line(logged{kindRound, short(time.Since(l.start).Seconds()), peak, c, r})
}

func (l *Log) line(v any) error {
	text, err := exact.Marshal(v)
	if err == nil {
		_, err = l.file.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("keep rounds: %w", err)
	}
	return nil
}

// Close ends the log; remove deletes it.
func (l *Log) Close(remove bool) error {
	var err error
	if remove {
		err = os.Remove(l.path)
	}
	return errors.Join(err, l.file.Close())
}
