package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/folders"
	"ortho/cmd/ortho/internal/term"
)

// shownLeft is how many files are named that Undo leaves.
const shownLeft = 10

// putBack undoes what a journal tells of.
func putBack(ctx context.Context, call *flags.Call, name string, dryRun bool) error {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		name = filepath.Join(name, folders.JournalFile)
	}
	var told func(folders.Act, string, string)
	var lost error
	if dryRun {
		told = func(do folders.Act, from, to string) {
			text := term.Clean(to) + " -> " + term.Clean(from)
			if do != folders.Move {
				text = "remove " + term.Clean(to)
			}
			_, err := fmt.Fprintln(call.Out, text)
			lost = cmp.Or(lost, err)
		}
	}
	shown := 0
	u, err := folders.Undo(ctx, name, dryRun, told, func(file string, why error) {
		if shown++; shown <= shownLeft {
			call.Warn(file + ": " + why.Error())
		}
	})
	if errors.Is(err, fs.ErrNotExist) && u.Back == 0 {
		return fmt.Errorf("%w: %s is what a sort leaves in its folder, until it is undone", err, folders.JournalFile)
	}
	if err = errors.Join(err, lost); err != nil {
		return err
	}
	text := map[bool]string{false: "%s put back", true: "%s would be put back"}[dryRun]
	text = fmt.Sprintf(text, term.Counted(u.Back, "file"))
	if u.Already > 0 {
		text += fmt.Sprintf(", %d were back", u.Already)
	}
	if u.Left > 0 {
		text += fmt.Sprintf(", %d left as they are", u.Left)
	}
	call.Info(text)
	if u.Left > 0 {
		return commandline.ErrItems
	}
	return nil
}
