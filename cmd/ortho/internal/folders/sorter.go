package folders

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/runner/appear"
)

// Options say what a Sorter does.
type Options struct {
	Into     string // the folder of folders
	Do       Act    // "": nothing
	Sidecars bool   // files beside a picture that are called as it is go with it
	DryRun   bool   // nothing is changed
	// Told is called for each file that is put somewhere, before it is.
	Told func(do Act, from, to string)
	Warn func(string)
}

// Counts are of pictures.
type Counts struct {
	Put     int64 // copied, linked or moved
	Already int64 // as an earlier run has put them
	InPlace int64 // they lay in their folder before
	Failed  int64
	// In is how many there are in each folder, of all but those that failed.
	In map[string]int64
}

// Sorter puts pictures into folders. It is for one goroutine.
type Sorter struct {
	Options
	Counts
	// Reason is why the first of those that failed did.
	Reason error

	journal *journal // nil: nothing is changed
	made    bool     // the folder of folders
	names   *names
	rest    string
	planned []group
	taken   map[[16]byte]struct{} // names of what is planned, or would be there
	linked  bool                  // a link was made as a symbolic one, and that was told
}

// group is a picture with what goes with it.
type group struct {
	folder string
	files  []file
	images int64 // 1; 0: all of it was done before
}

// file is one that is about to be put somewhere.
type file struct {
	line
	item source.Item
	mode fs.FileMode
}

// Open makes the folder, if it is not there, and takes its journal. rest is the folder of pictures
// that have no class; "": they are left where they are.
func Open(opt Options, rest string) (*Sorter, error) {
	s := &Sorter{Options: opt, taken: map[[16]byte]struct{}{}, Counts: Counts{In: map[string]int64{}}}
	s.names = newNames(JournalFile)
	if rest != "" {
		s.rest = SafeName(rest)
		s.names.taken[fold(s.rest)] = true
	}
	name := filepath.Join(opt.Into, JournalFile)
	info, err := os.Stat(opt.Into)
	switch {
	case err == nil && !info.IsDir():
		return nil, fmt.Errorf("%s is no folder", opt.Into)
	case opt.DryRun:
		return s, s.peek(name)
	case errors.Is(err, fs.ErrNotExist):
		if err := os.MkdirAll(opt.Into, 0o777); err != nil {
			return nil, fmt.Errorf("make the folder: %w", err)
		}
		s.made = true
	}
	if s.journal, err = hold(name, true, s.made); err != nil {
		return nil, err
	}
	s.remember()
	return s, nil
}

// peek has a run that changes nothing know what earlier ones have done.
func (s *Sorter) peek(name string) (err error) {
	if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if s.journal, err = hold(name, false, false); err != nil {
		return err
	}
	s.remember()
	return nil
}

func (s *Sorter) remember() {
	for _, l := range s.journal.folders {
		s.names.remember(Class{l.Label, l.Class}, l.Folder)
	}
	if n := s.journal.unread; n > 0 {
		s.Warn(fmt.Sprintf("%s: %d lines can't be read, and are left out", s.journal.file.Name(), n))
	}
}

// batch is how many pictures are told of in the journal at once: waiting for the disk takes its
// time.
const batch = 32

// Put has a picture go to the folder of its class, or where it is nil to the rest. What is wrong
// with the picture is counted; an error is of the folder, and ends the run.
func (s *Sorter) Put(ctx context.Context, item source.Item, class *Class) error {
	folder := s.rest
	if class != nil {
		var fresh bool
		if folder, fresh = s.names.of(*class); fresh {
			s.tellShared(*class, folder)
			if s.journal != nil && !s.DryRun {
				if err := s.journal.append(line{Folder: folder, Label: class.Label, Class: class.Index}); err != nil {
					return err
				}
			}
		}
	}
	if err := s.plan(ctx, item, folder); err != nil {
		s.Fail(item.Name, err)
		return nil
	}
	if len(s.planned) < batch && !s.DryRun {
		return nil
	}
	return s.Flush(ctx)
}

// tellShared says that a label's folder is not called as SafeName has it, since another's is.
func (s *Sorter) tellShared(class Class, folder string) {
	if class.Label != "" && folder != SafeName(class.Label) {
		s.Warn(fmt.Sprintf("another class has the folder %s: class %d (%s) goes to %s", SafeName(class.Label), class.Index, class.Label, folder))
	}
}

// Fail counts a picture that can't be put anywhere.
func (s *Sorter) Fail(name string, err error) {
	if s.Failed++; s.Reason == nil {
		s.Reason = fmt.Errorf("%s: %w", name, err)
	}
}

// Close does what is still planned, and ends the run.
func (s *Sorter) Close(ctx context.Context) error {
	err := s.Flush(ctx)
	if s.journal != nil {
		err = errors.Join(err, s.journal.file.Close())
		if s.journal.acts == nil && s.journal.folders == nil && !s.DryRun { // nothing was done
			os.Remove(s.journal.file.Name())
			if s.made {
				os.Remove(s.Into)
			}
		}
	}
	return err
}

// plan adds a picture to what is to be done.
func (s *Sorter) plan(ctx context.Context, item source.Item, folder string) error {
	from, err := filepath.Abs(item.Name)
	if err != nil {
		return err
	}
	if s.planning(from) || s.before(ctx, from) {
		return nil
	}
	images, err := s.filesOf(item, from)
	if err != nil {
		return err
	}
	if real, err := output.RealPath(filepath.Dir(from)); err == nil && images[0].Archive == "" {
		if there, err := output.RealPath(filepath.Join(s.Into, folder)); err == nil && output.OneFile(real) == output.OneFile(there) {
			s.InPlace++
			s.In[folder]++
			return nil
		}
	}
	there, err := s.place(ctx, images, folder)
	if err != nil {
		return err
	}
	if there {
		s.Already++
		s.In[folder]++
		return nil
	}
	s.planned = append(s.planned, group{folder, images, 1})
	return nil
}

// planning reports whether a file is planned already: lists may name it twice.
func (s *Sorter) planning(from string) bool {
	key := keyOf("from " + from)
	_, is := s.taken[key]
	if s.taken[key] = struct{}{}; is {
		s.Already++
	}
	return is
}

// before reports whether an earlier run has put a file somewhere, and it is there. It ends a move
// that was killed between its steps.
func (s *Sorter) before(ctx context.Context, from string) bool {
	if s.journal == nil {
		return false
	}
	l, known := s.journal.last(from)
	if !known {
		return false
	}
	to := filepath.Join(s.Into, filepath.FromSlash(string(l.To)))
	if appear.Within(s.Into, filepath.FromSlash(string(l.To))) != nil {
		return false
	}
	there, err := os.Lstat(to)
	if err != nil {
		return false
	}
	file := from
	if l.Archive != "" {
		file = string(l.Archive)
	}
	here, err := os.Stat(file)
	switch {
	case errors.Is(err, fs.ErrNotExist) && l.Do == Move, err == nil && l.is(here) && (l.Do == Link && sameFile(to, from) || l.Do == Copy && l.made(there)):
		s.Already++
		s.In[path.Dir(string(l.To))]++
		return true
	case err != nil || l.Do != Move || s.DryRun || !l.is(here) || !l.is(there):
		return false
	}
	if err := finishMove(ctx, from, to); err != nil {
		return false // it is another, and is put beside it
	}
	s.count(path.Dir(string(l.To)))
	return true
}

// count adds a picture that was put into a folder.
func (s *Sorter) count(folder string) {
	s.Counts.Put++
	s.In[folder]++
}

// grain is how exactly file systems keep times: those of FAT to 2 s.
const grain = 2 * time.Second

// is reports whether a file is as it was.
func (l line) is(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && info.Size() == l.Size && info.ModTime().Sub(l.Time).Abs() <= grain
}

// made reports whether a copy is as it was made; of what was in an archive the size is not known.
func (l line) made(info fs.FileInfo) bool {
	if l.Archive != "" {
		l.Size = info.Size()
	}
	return l.is(info)
}

func (s *Sorter) path(f *file) string { return filepath.Join(s.Into, filepath.FromSlash(string(f.To))) }

// Flush does what is planned, which is told in the journal, and on the disk, before.
func (s *Sorter) Flush(ctx context.Context) error {
	planned := s.planned
	s.planned = nil
	if s.Told != nil {
		for _, g := range planned {
			for i := range g.files {
				s.Told(s.Do, string(g.files[i].item.Name), s.path(&g.files[i]))
			}
		}
	}
	if s.DryRun {
		for _, g := range planned {
			s.count(g.folder)
		}
		return nil
	}
	if err := s.tell(planned...); err != nil {
		return err
	}
	for _, g := range planned {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := s.carryOut(ctx, g); err != nil {
			return err
		}
	}
	clear(s.taken)
	return nil
}

func (s *Sorter) tell(groups ...group) error {
	if len(groups) == 0 {
		return nil
	}
	for _, g := range groups {
		for i := range g.files {
			if err := s.journal.append(g.files[i].line); err != nil {
				return err
			}
		}
	}
	return s.journal.sync()
}

// carryOut puts one picture where it belongs, and what goes with it.
func (s *Sorter) carryOut(ctx context.Context, g group) error {
	if err := appear.Below(s.Into, filepath.Join(g.folder, "x"), 0o777); err != nil {
		return fmt.Errorf("make the folder: %w", err)
	}
	for i := range g.files {
		f := &g.files[i]
		err := s.act(ctx, f)
		for tries := 0; errors.Is(err, fs.ErrExist) && tries < 10; tries++ { // it has come meanwhile
			rest := g.files[i:]
			if _, err = s.place(ctx, rest, g.folder); err != nil {
				break
			}
			if err = s.tell(group{g.folder, rest, 0}); err != nil {
				return err
			}
			err = s.act(ctx, f)
		}
		switch bad := (badSource{}); {
		case errors.As(err, &bad):
			s.Fail(f.item.Name, bad.error)
			return nil
		case err != nil:
			return fmt.Errorf("%s %s: %w", f.Do, f.item.Name, err)
		}
	}
	s.count(g.folder)
	return nil
}
