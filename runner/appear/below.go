package appear

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Below makes the folders of a file where they are not there, and folder itself; rel is the file's path below it. A
// link among them is followed where it leads to a folder below, too. One that leads out of folder, where nobody
// has said that anything is to be written, is an error that wraps [ErrForeign]. folder itself may be a link.
func Below(folder, rel string, perm fs.FileMode) error {
	if err := os.MkdirAll(folder, perm); err != nil {
		return err
	}
	return below(folder, rel, func(root *os.Root, in string) error { return root.MkdirAll(in, perm) })
}

// Within is the error of [Below], and makes no folders: those that are not there lead nowhere.
func Within(folder, rel string) error {
	err := below(folder, rel, func(*os.Root, string) error { return nil })
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Remove removes a file, of which rel is the path below folder; see [Below] for links among the folders.
func Remove(folder, rel string) error {
	return below(folder, rel, func(root *os.Root, in string) error { return root.Remove(filepath.Clean(rel)) })
}

// below has a file's folders used, and looked at then.
func below(folder, rel string, use func(root *os.Root, in string) error) error {
	root, err := os.OpenRoot(folder)
	if err != nil {
		return err
	}
	defer root.Close()
	in := filepath.Dir(filepath.Clean(rel))
	err = use(root, in)
	if err == nil {
		var info fs.FileInfo
		if info, err = root.Stat(in); err == nil && info.IsDir() {
			return nil
		}
	}
	for i := range len(in) + 1 {
		if i < len(in) && !os.IsPathSeparator(in[i]) {
			continue
		}
		link := in[:i]
		if info, failed := root.Lstat(link); failed != nil || info.Mode()&fs.ModeSymlink == 0 {
			continue
		}
		if _, failed := root.Stat(link); failed != nil {
			return &fs.PathError{Op: "write below", Path: filepath.Join(folder, link), Err: fmt.Errorf("it is a link out of %s, which is not followed: %w", folder, ErrForeign)}
		}
	}
	if err == nil {
		err = &fs.PathError{Op: "open", Path: filepath.Join(folder, in), Err: errors.New("it is no folder")}
	}
	return err
}
