package folders

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// filesOf is a picture and what goes with it.
func (s *Sorter) filesOf(item source.Item, from string) ([]file, error) {
	f := file{line: line{Do: s.Do, From: anyName(from)}, item: item, mode: 0o666}
	if item.File == "" && item.Name != "-" {
		return nil, errors.New("it lies in a store, and no act on it could be undone: fetch it first") // the journal names files
	}
	if item.File != item.Name {
		if s.Do != Copy && s.Do != "" {
			return nil, errors.New("it lies in an archive: --copy takes it out of there")
		}
		archive, err := filepath.Abs(item.File)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(archive)
		if err != nil {
			return nil, err
		}
		f.Archive, f.Size, f.Time = anyName(archive), info.Size(), info.ModTime()
		return []file{f}, nil
	}
	if err := f.look(s.Do); err != nil {
		return nil, err
	}
	all := []file{f}
	if s.Sidecars {
		for _, name := range sidecars(from) {
			if _, planned := s.taken[keyOf("beside "+name)]; planned && s.Do == Move {
				continue // it goes with another picture
			}
			s.taken[keyOf("beside "+name)] = struct{}{}
			beside := file{line: line{Do: s.Do, From: anyName(name)}, item: source.File(name)}
			if err := beside.look(s.Do); err == nil {
				all = append(all, beside)
			}
		}
	}
	return all, nil
}

// look takes a file's size and time.
func (f *file) look(do Act) error {
	info, err := os.Lstat(string(f.From))
	if err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if do == Move {
			return errors.New("it is a link, which is not moved: --copy takes what it leads to")
		}
		info, err = os.Stat(string(f.From))
	}
	if err != nil {
		if p, is := errors.AsType[*fs.PathError](err); is {
			err = p.Err
		}
		return err
	}
	if !info.Mode().IsRegular() {
		return errors.New("it is no regular file")
	}
	f.Size, f.Time, f.mode = info.Size(), info.ModTime(), info.Mode().Perm()
	return nil
}

// besides are the endings of files that stand beside a picture: settings of editors (XMP; .aae of
// iPhones; .pp3, .dop), captions and labels.
var besides = []string{".xmp", ".json", ".txt", ".xml", ".yaml", ".yml", ".csv", ".caption", ".aae", ".pp3", ".dop"}

// sidecars are the files beside a picture that are called as it is: a.xmp and a.jpg.xmp of a.jpg.
func sidecars(from string) (names []string) {
	for _, stem := range []string{strings.TrimSuffix(from, filepath.Ext(from)), from} {
		for _, ending := range besides {
			for _, ending := range []string{ending, strings.ToUpper(ending)} {
				info, err := os.Lstat(stem + ending)
				if err != nil || !info.Mode().IsRegular() || slices.ContainsFunc(names, func(other string) bool { return strings.EqualFold(other, stem+ending) && sameFile(other, stem+ending) }) {
					continue
				}
				names = append(names, stem+ending)
			}
		}
	}
	return names
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	if err != nil {
		return false
	}
	y, err := os.Stat(b)
	return err == nil && os.SameFile(x, y)
}

// place gives the files names in a folder that nothing has yet, all with one number. there reports
// whether a copy or a link of the picture lies under its name already.
func (s *Sorter) place(ctx context.Context, all []file, folder string) (there bool, err error) {
	image := filepath.Base(string(all[0].From))
	if all[0].Archive != "" {
		image = safeFile(path.Base(filepath.ToSlash(all[0].item.Path)))
	}
	stem := strings.TrimSuffix(image, filepath.Ext(image))
	for n := 1; ; n++ {
		free := true
		for i := range all {
			own := image
			if i > 0 { // a.xmp and a.jpg.xmp of a.jpg become a (2).xmp and a (2).jpg.xmp
				own = stem + strings.TrimPrefix(filepath.Base(string(all[i].From)), stem)
			}
			if n > 1 {
				own = fmt.Sprintf("%s (%d)%s", stem, n, strings.TrimPrefix(own, stem))
			}
			all[i].To = anyName(path.Join(folder, own))
			state, err := s.stateOf(ctx, &all[i])
			switch {
			case err != nil:
				return false, err
			case state == same && i == 0:
				return true, nil
			case state != unused:
				free = false
			}
		}
		if free {
			break
		}
	}
	for i := range all {
		s.taken[keyOf(output.OneFile(string(all[i].To)))] = struct{}{}
	}
	return false, nil
}

// safeFile is SafeName of a file, which keeps its ending.
func safeFile(name string) string {
	ending := path.Ext(name)
	return SafeName(strings.TrimSuffix(name, ending)) + strings.TrimRight(SafeName("x" + ending)[1:], " .")
}

const (
	unused = iota // nothing stands there
	same          // what is copied or linked does
	other
)

// stateOf is what stands under the name that a file is to get.
func (s *Sorter) stateOf(ctx context.Context, f *file) (int, error) {
	if _, planned := s.taken[keyOf(output.OneFile(string(f.To)))]; planned {
		return other, nil
	}
	to := s.path(f)
	info, err := os.Lstat(to)
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR):
		return unused, nil
	case err != nil:
		return other, err
	case f.Do == Move || f.Do == "" || f.Archive != "":
	case info.Mode()&fs.ModeSymlink != 0:
		if f.Do == Link && sameFile(to, string(f.From)) {
			return same, nil
		}
	case info.Size() == f.Size && (f.Do == Link && sameFile(to, string(f.From)) || f.Do == Copy && equal(ctx, to, string(f.From)) == nil):
		return same, nil
	}
	return other, nil
}
