package plan

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/store"
)

// Found is what there is of an output.
type Found struct {
	Parts, Done int64
	Rows        int64
	Failed      int64
	LeftOut     int64
	Bytes       int64
	Missing     []int // tasks of which a part is missing, in their order
	MissingOf   int64 // parts that are missing
	// Wrong are parts that are there, and can't be taken: changed, of another run, or twice.
	Wrong []string
	// Foreign are files that are no parts of the plan.
	Foreign []string
	// Versions are those of ortho that have made parts, with how many.
	Versions map[string]int64

	wrong, foreign int64
}

// maxNamed bounds the names that are kept of what is wrong.
const maxNamed = 20

// Complete reports whether all parts are there, and nothing else.
func (f *Found) Complete() bool { return f.Done == f.Parts && f.wrong == 0 && f.foreign == 0 }

func (f *Found) addWrong(text string) {
	if f.wrong++; len(f.Wrong) < maxNamed {
		f.Wrong = append(f.Wrong, text)
	}
}

// Counts are how many parts are wrong and how many files foreign, of which no more than some are named.
func (f *Found) Counts() (wrong, foreign int64) { return f.wrong, f.foreign }

// Check looks at all parts of a plan. each, if not nil, is called with those that are complete, in their order.
func Check(ctx context.Context, stores *store.Stores, name, folder string, each func(*Output, Part) error) (*Output, *Found, error) {
	head, err := ReadHead(ctx, stores, name)
	if err != nil {
		return nil, nil, err
	}
	o, err := Attach(ctx, stores, folder, head)
	if err != nil {
		return nil, nil, err
	}
	sizes := map[string]int64{} // of files that no part has claimed yet
	for there, err := range stores.List(ctx, o.Folder) {
		if err != nil {
			return nil, nil, err
		}
		name := strings.TrimPrefix(there.URI, o.Folder)
		if !store.Remote(o.Folder) {
			if name, err = filepath.Rel(o.Folder, there.URI); err != nil {
				return nil, nil, err
			}
		}
		if !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, "_") {
			sizes[name] = there.Size
		}
	}
	f := &Found{Parts: head.Parts, Versions: map[string]int64{}}
	stems := map[string]bool{} // of parts
	_, err = Read(ctx, stores, name, -1, func(part Part) error {
		stems[part.Name] = true
		_, there := sizes[o.file(part)]
		delete(sizes, o.file(part))
		made, err := o.Made(ctx, part)
		switch {
		case err != nil:
			f.addWrong(err.Error())
			return ctx.Err()
		case made == nil && there:
			f.addWrong(o.File(part) + " has no record: its task ends what it has begun, or the file is of something else")
		}
		if made == nil {
			f.MissingOf++
			if n := len(f.Missing); n == 0 || f.Missing[n-1] != part.Task {
				f.Missing = append(f.Missing, part.Task)
			}
			return nil
		}
		f.Done++
		f.Rows, f.Failed, f.LeftOut, f.Bytes = f.Rows+made.Rows, f.Failed+made.Failed, f.LeftOut+made.LeftOut, f.Bytes+made.Bytes
		f.Versions[made.Ortho]++
		if each == nil {
			return nil
		}
		return each(o, part)
	})
	if err != nil {
		return nil, nil, err
	}
	var left []string
	for name := range sizes {
		left = append(left, name)
	}
	slices.Sort(left)
	for _, name := range left {
		stem := name
		if i := strings.LastIndexByte(name, '.'); i > 0 {
			stem = name[:i]
		}
		if stems[stem] {
			f.addWrong(fmt.Sprintf("%s is there twice: as .%s, and as %s", o.Folder+stem, Ending(o.Run.Format), name))
			continue
		}
		if f.foreign++; len(f.Foreign) < maxNamed {
			f.Foreign = append(f.Foreign, o.Folder+name)
		}
	}
	return o, f, nil
}

// Array writes tasks as the expression that a scheduler's array takes: 3,7-9.
func Array(tasks []int) string {
	var all []string
	for i := 0; i < len(tasks); {
		last := i
		for last+1 < len(tasks) && tasks[last+1] == tasks[last]+1 {
			last++
		}
		if last == i {
			all = append(all, fmt.Sprint(tasks[i]))
		} else {
			all = append(all, fmt.Sprintf("%d-%d", tasks[i], tasks[last]))
		}
		i = last + 1
	}
	return strings.Join(all, ",")
}
