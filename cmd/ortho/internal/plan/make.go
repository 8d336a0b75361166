package plan

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/scratch"
	"ortho/runner/exact"
)

// MaxFiles is how many loose files a part has at most.
const MaxFiles = 10_000

// Cut says how inputs are shared out: among a number of tasks, or into tasks of so many bytes.
type Cut struct {
	Tasks int   // 0: as Bytes says
	Bytes int64 // of a task, about
}

// Make writes a plan of inputs, in their order: the same for the same inputs. They are gone through once, and kept in a
// temporary file, so that there may be any number.
func Make(ctx context.Context, inputs iter.Seq2[Input, error], cut Cut, to io.Writer) (Head, error) {
	folder, err := scratch.New("plan")
	if err != nil {
		return Head{}, err
	}
	defer folder.Remove()
	m := &maker{cut: cut, head: Head{Version: Version}}
	if m.list, err = folder.Create("inputs"); err != nil {
		return Head{}, err
	}
	defer m.list.Close()
	if err := m.keep(ctx, inputs); err != nil {
		return Head{}, err
	}
	if m.head.Inputs == 0 {
		return Head{}, errors.New("there are no images")
	}
	if err := m.weigh(ctx); err != nil {
		return Head{}, err
	}
	m.share()
	body, err := folder.Create("parts")
	if err != nil {
		return Head{}, err
	}
	defer body.Close()
	digest := sha256.New()
	if err := m.write(ctx, io.MultiWriter(body, digest)); err != nil {
		return Head{}, err
	}
	m.head.SHA256 = hex.EncodeToString(digest.Sum(nil))
	first, err := exact.Marshal(m.head)
	if err == nil {
		_, err = to.Write(append(first, '\n'))
	}
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err == nil {
		_, err = io.Copy(to, body)
	}
	return m.head, err
}

// scratchFile is what a maker keeps inputs in.
type scratchFile interface {
	io.ReadWriteSeeker
	io.Closer
}

type maker struct {
	cut   Cut
	head  Head
	list  scratchFile
	loose int64 // inputs that are no archives
	// weights are the parts', in their order: bytes, and one for each input. Then tasks are theirs.
	weights []int64
	tasks   []int32
}

// keep writes the inputs down: whether each is an archive, its size and all of it as JSON.
func (m *maker) keep(ctx context.Context, inputs iter.Seq2[Input, error]) error {
	w := bufio.NewWriterSize(m.list, 1<<18)
	for in, err := range inputs {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		text, err := exact.Marshal(in)
		if err != nil {
			return err
		}
		m.head.Inputs++
		m.head.Bytes += in.Size
		name := "-"
		if !in.Archive {
			m.loose++
		} else {
			name = stem(strings.TrimSuffix(filepath.Base(in.URI), filepath.Ext(in.URI))) + "." // never "-"
		}
		fmt.Fprintf(w, "%s %d %s\n", name, in.Size, text) // an error comes back from Flush
	}
	return w.Flush()
}

// entry is an input as it was kept.
type entry struct {
	archive string // the name of its part; "": it is loose
	size    int64
	text    []byte // JSON
}

// entries yields what was kept.
func (m *maker) entries(ctx context.Context, yield func(entry) error) error {
	if _, err := m.list.Seek(0, io.SeekStart); err != nil {
		return err
	}
	for r := bufio.NewReaderSize(m.list, 1<<18); ; {
		text, err := line(r)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		name, rest, _ := strings.Cut(string(text), " ")
		size, json, _ := strings.Cut(rest, " ")
		e := entry{text: []byte(strings.TrimSuffix(json, "\n"))}
		if name != "-" {
			e.archive = strings.TrimSuffix(name, ".")
		}
		if e.size, err = strconv.ParseInt(size, 10, 64); err != nil {
			return err
		}
		if err := yield(e); err != nil {
			return err
		}
	}
}

// parts yields the parts: an archive is one, and so is each run of files up to a number and a size.
func (m *maker) parts(ctx context.Context, yield func(archive string, inputs []entry) error) error {
	files, bytes := int64(MaxFiles), m.cut.Bytes
	if m.cut.Tasks > 0 {
		n := int64(m.cut.Tasks)
		files, bytes = min(files, max(1, (m.loose+n-1)/n)), max(1, (m.head.Bytes+n-1)/n)
	}
	var run []entry
	held := int64(0)
	end := func() error {
		if len(run) == 0 {
			return nil
		}
		err := yield("", run)
		run, held = run[:0], 0
		return err
	}
	err := m.entries(ctx, func(e entry) error {
		if e.archive != "" {
			if err := end(); err != nil {
				return err
			}
			return yield(e.archive, []entry{e})
		}
		if int64(len(run)) == files || len(run) > 0 && held+e.size > bytes {
			if err := end(); err != nil {
				return err
			}
		}
		run, held = append(run, e), held+e.size
		return nil
	})
	if err != nil {
		return err
	}
	return end()
}

func (m *maker) weigh(ctx context.Context) error {
	return m.parts(ctx, func(_ string, inputs []entry) error {
		weight := int64(0)
		for _, e := range inputs {
			weight += e.size + 1
		}
		m.weights = append(m.weights, weight)
		return nil
	})
}

// share gives each part a task: neighbours stay together.
func (m *maker) share() {
	defer func() {
		busy := map[int32]struct{}{}
		for _, t := range m.tasks {
			busy[t] = struct{}{}
		}
		m.head.Idle = m.head.Tasks - len(busy)
	}()
	m.head.Parts, m.tasks = int64(len(m.weights)), make([]int32, len(m.weights))
	if m.cut.Tasks == 0 {
		task, held := 0, int64(0)
		for i, weight := range m.weights {
			if held > 0 && held+weight > m.cut.Bytes {
				task, held = task+1, 0
			}
			m.tasks[i], held = int32(task), held+weight
		}
		m.head.Tasks = task + 1
		return
	}
	total := int64(0)
	for _, weight := range m.weights {
		total += weight
	}
	m.head.Tasks = m.cut.Tasks
	before := int64(0)
	for i, weight := range m.weights { // by the middle of a part
		m.tasks[i] = int32(float64(before+weight/2) / float64(total) * float64(m.cut.Tasks))
		m.tasks[i] = min(m.tasks[i], int32(m.cut.Tasks-1))
		before += weight
	}
}

// write writes the parts.
func (m *maker) write(ctx context.Context, to io.Writer) error {
	w := bufio.NewWriterSize(to, 1<<18)
	n := 0
	err := m.parts(ctx, func(archive string, inputs []entry) error {
		if archive == "" {
			archive = "files"
		}
		fmt.Fprintf(w, `{"task":%d,"part":"%07d-%s","inputs":[`, m.tasks[n], n, archive) // an error comes back from Flush
		n++
		for i, e := range inputs {
			if i > 0 {
				w.WriteByte(',')
			}
			w.Write(e.text)
		}
		w.WriteString("]}\n")
		return nil
	})
	return errors.Join(err, w.Flush())
}
