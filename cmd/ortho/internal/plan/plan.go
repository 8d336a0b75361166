package plan

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/exact"
)

// Version is that of plans and outputs. A change that older versions of ortho would misread raises it.
const Version = 1

// maxLine bounds the bytes of a line of a plan: a part of maxFiles names.
const maxLine = 256 << 20

// Head is the first line of a plan. The others are its parts, a line each, by task.
type Head struct {
	Version int    `json:"ortho_plan"`
	Tasks   int    `json:"tasks"` // some may have no part
	Parts   int64  `json:"parts"`
	Inputs  int64  `json:"inputs"`
	Bytes   int64  `json:"bytes"`  // of all inputs
	SHA256  string `json:"sha256"` // of the lines that follow

	Idle int `json:"-"` // tasks without a part, of a plan that was just made
}

// Part is one file of rows: of an archive, or of a run of files.
type Part struct {
	Task   int     `json:"task"`
	Name   string  `json:"part"` // of its file, without the ending
	Inputs []Input `json:"inputs"`
}

// Input is a file as it was when the plan was made.
type Input struct {
	URI     string `json:"uri"`
	Size    int64  `json:"size"`
	ETag    string `json:"etag,omitempty"` // "": it was not there
	Archive bool   `json:"tar,omitempty"`
}

// Plan is one that is read.
type Plan struct {
	Head
	Name string // of its file
}

// Read goes through a plan, and checks that it is whole. Parts of a task are given to each, those of all others
// only where task is negative.
func Read(ctx context.Context, s *store.Stores, name string, task int, each func(Part) error) (Plan, error) {
	p := Plan{Name: name}
	f, err := s.Open(ctx, name, 0, -1)
	if err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	defer f.Close()
	if err := p.read(ctx, f, task, each); err != nil {
		return p, fmt.Errorf("plan %s: %w", name, err)
	}
	return p, nil
}

// ReadHead reads the first line of a plan alone.
func ReadHead(ctx context.Context, s *store.Stores, name string) (Plan, error) {
	p := Plan{Name: name}
	f, err := s.Open(ctx, name, 0, -1)
	if err != nil {
		return p, fmt.Errorf("read the plan: %w", err)
	}
	defer f.Close()
	if err := p.readHead(bufio.NewReader(f)); err != nil {
		return p, fmt.Errorf("plan %s: %w", name, err)
	}
	return p, nil
}

func (p *Plan) readHead(r *bufio.Reader) error {
	first, err := line(r)
	if err != nil {
		return errNoPlan
	}
	if err := exact.Unmarshal(first, &p.Head); err != nil || p.Version < 1 || p.Tasks < 1 || p.Parts < 0 || len(p.SHA256) != 2*sha256.Size {
		return errNoPlan
	}
	if p.Version > Version {
		return fmt.Errorf("its version is %d, and this ortho knows %d: use a newer one", p.Version, Version)
	}
	return nil
}

var errNoPlan = errors.New("it is no plan, as ortho plan makes them")

func (p *Plan) read(ctx context.Context, from io.Reader, task int, each func(Part) error) error {
	r := bufio.NewReaderSize(from, 1<<18)
	if err := p.readHead(r); err != nil {
		return err
	}
	if task >= p.Tasks {
		return fmt.Errorf("there is no task %d: its %d tasks are 0 to %d", task, p.Tasks, p.Tasks-1)
	}
	digest := sha256.New()
	own := []byte(fmt.Sprintf(`{"task":%d,`, task))
	for n := int64(0); ; n++ {
		text, err := line(r)
		switch {
		case errors.Is(err, io.EOF) && n == p.Parts && hex.EncodeToString(digest.Sum(nil)) == p.SHA256:
			return nil
		case errors.Is(err, io.EOF):
			return errors.New("it was changed since it was made, or is cut short")
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
		digest.Write(text)
		if task >= 0 && !bytes.HasPrefix(text, own) {
			continue
		}
		var part Part
		if err := exact.Unmarshal(text, &part); err != nil || part.Task < 0 || part.Task >= p.Tasks || !isPlain(part.Name) {
			return fmt.Errorf("part %d: %w", n, errNoPlan)
		}
		if err := each(part); err != nil {
			return err
		}
	}
}

// line is the next, with its newline.
func line(r *bufio.Reader) ([]byte, error) {
	var all []byte
	for {
		some, err := r.ReadSlice('\n')
		if len(all)+len(some) > maxLine {
			return nil, errNoPlan
		}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			all = append(all, some...)
		case errors.Is(err, io.EOF) && len(all)+len(some) > 0:
			return nil, errors.New("it is cut short")
		case err != nil:
			return nil, err
		case all == nil:
			return some, nil
		default:
			return append(all, some...), nil
		}
	}
}

// stem is what of a name a part is called by: nothing that a shell, a URL or a file system could take otherwise.
func stem(name string) string {
	const most = 64
	clean := []byte(name[:min(len(name), most)])
	for i, b := range clean {
		if !plainByte(b) {
			clean[i] = '_'
		}
	}
	return string(clean)
}

func plainByte(b byte) bool {
	return b == '-' || b == '_' || b == '.' || '0' <= b && b <= '9' || 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z'
}

// isPlain reports whether a plan's name of a part is one that this package gives: a path would lead elsewhere.
func isPlain(name string) bool {
	for i := range len(name) {
		if !plainByte(name[i]) {
			return false
		}
	}
	_, err := strconv.Atoi(name[:min(len(name), 7)])
	return err == nil && len(name) > 8 && len(name) < 100
}
