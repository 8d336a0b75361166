package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func hasMeta(path string) bool { return strings.ContainsAny(path, "*?[") }

// fixedPart is the folder that all matches of a glob lie in.
func fixedPart(pattern string) string {
	dir := filepath.Dir(pattern)
	for hasMeta(dir) && dir != filepath.Dir(dir) {
		dir = filepath.Dir(dir)
	}
	return dir
}

// noMatch is the error of a pattern that matches nothing.
type noMatch string

func (n noMatch) Error() string { return string(n) }

func checkGlob(pattern string) error {
	if _, err := filepath.Match(pattern, ""); err != nil {
		return fmt.Errorf("glob %s: %w", pattern, err)
	}
	var passed Passed
	if glob(pattern, func(match string, mode fs.FileMode) bool { return noImage(pattern, match, mode, &passed) }) {
		matches := "nothing"
		if besides := passed.besides(); besides != "" {
			matches = "no images" + besides
		}
		return noMatch("no file is called " + pattern + ", and as a glob it matches " + matches)
	}
	return nil
}

// noImage reports whether a match is a file that is never an image, such as labels beside images, or what
// systems leave in folders, and counts it. A pattern that asks for an ending gets what it asks for.
func noImage(pattern, match string, mode fs.FileMode, passed *Passed) bool {
	if slices.Contains(Endings, strings.ToLower(filepath.Ext(match))) {
		return false
	}
	last := filepath.Base(pattern)
	if ending := filepath.Ext(last); !hasMeta(last) || strings.HasPrefix(last, ".") || ending != "" && !hasMeta(ending) || isDir(match, mode) {
		return false
	}
	ending := endingOf(match)
	if ending != hidden && !slices.Contains(companions, ending) {
		return false
	}
	passed.add(ending, 1)
	return true
}

// glob yields what a pattern matches, as filepath.Glob does, but as it finds it and
// with its type (links are not followed), and as a shell does without hidden names
// unless the pattern begins with a dot. Folders that can't be read match nothing.
func glob(pattern string, yield func(path string, mode fs.FileMode) bool) bool {
	dir, last := filepath.Split(pattern)
	if last == "" { // a separator at the end: folders only
		trimmed := strings.TrimRightFunc(dir, func(r rune) bool { return r < 0x80 && os.IsPathSeparator(uint8(r)) })
		if trimmed == "" || trimmed == filepath.VolumeName(dir) {
			return yield(dir, fs.ModeDir)
		}
		return glob(trimmed, func(match string, mode fs.FileMode) bool { return !isDir(match, mode) || yield(match, mode) })
	}
	if !hasMeta(dir) {
		return globIn(dir, last, yield)
	}
	return glob(dir, func(match string, _ fs.FileMode) bool { return globIn(match, last, yield) })
}

func globIn(dir, pattern string, yield func(string, fs.FileMode) bool) bool {
	if !hasMeta(pattern) {
		path := filepath.Join(dir, pattern)
		info, err := os.Lstat(path)
		return err != nil || yield(path, info.Mode())
	}
	folder := dir
	if folder == "" {
		folder = "."
	}
	entries, _ := entriesOf(folder, func(name string, _ fs.FileMode) bool {
		matched, _ := filepath.Match(pattern, name)
		return matched && (strings.HasPrefix(pattern, ".") || !strings.HasPrefix(name, "."))
	})
	for _, e := range entries {
		if !yield(filepath.Join(dir, e.name), e.mode) {
			return false
		}
	}
	return true
}
