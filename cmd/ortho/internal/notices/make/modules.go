package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/notices"
	"ortho/runner/regular"
)

// platform is a system that ortho is built for.
type platform struct{ os, arch string }

var platforms = []platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}}

// module is a module of which packages are linked.
type module struct {
	path, version, dir string
	packages           map[string]bool // their folders
}

// linked are the modules of cmd/ortho on a platform, by their paths. It asks go list, which needs no
// network where the modules are in the cache.
func linked(root string, on platform) (map[string]*module, error) {
	cmd := exec.Command("go", "list", "-deps", "-json=Dir,Module", "./cmd/ortho")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+on.os, "GOARCH="+on.arch, "CGO_ENABLED=1", "GOPROXY=off")
	out, err := cmd.Output()
	if err != nil {
		var said string
		if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
			said = strings.TrimSpace(string(failed.Stderr))
		}
		return nil, fmt.Errorf("list what is linked on %s/%s: %w: %s", on.os, on.arch, err, said)
	}
	all := map[string]*module{}
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Dir    string
			Module *struct {
				Path, Version, Dir string
				Main               bool
			}
		}
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list says: %w", err)
		}
		if p.Module == nil || p.Module.Main {
			continue
		}
		m := all[p.Module.Path]
		if m == nil {
			m = &module{p.Module.Path, p.Module.Version, p.Module.Dir, map[string]bool{}}
			all[m.path] = m
		}
		m.packages[p.Dir] = true
	}
}

// noticeFile are names of files that are to go with a program. PATENTS is a grant.
var noticeFile = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|notice|patents)([-_.].*)?$`)

// pointer is a file beside a licence that tells where its text is on the web.
var pointer = regexp.MustCompile(`(?i)-link\.txt$`)

// notice is the part that a module is. Its files are those of its root, and of the folders of linked
// packages and what is above them.
func (m *module) notice(texts texts) (notices.Part, error) {
	p := notices.Part{Kind: notices.Module, Name: m.path, Version: m.version, Note: remarks[m.path]}
	folders := map[string]bool{}
	for dir := range m.packages {
		for ; len(dir) >= len(m.dir); dir = filepath.Dir(dir) {
			folders[dir] = true
		}
	}
	var names []string
	for _, dir := range slices.Sorted(maps.Keys(folders)) {
		entries, err := os.ReadDir(dir)
		if err != nil {
			return p, err
		}
		for _, e := range entries {
			if e.Type().IsRegular() && noticeFile.MatchString(e.Name()) && !pointer.MatchString(e.Name()) && filepath.Ext(e.Name()) != ".go" {
				names = append(names, filepath.Join(dir, e.Name()))
			}
		}
	}
	choice, chosen := choices[m.path]
	if chosen {
		names = append(names, filepath.Join(m.dir, filepath.FromSlash(choice.text)))
	}
	all, err := texts.add(&p, names)
	if err == nil {
		p.Licence, err = licences(all...)
	}
	if err != nil {
		return p, fmt.Errorf("%s %s: %w", m.path, m.version, err)
	}
	if chosen {
		p.Declared = choice.declared
	}
	return p, nil
}

// texts are files of texts by their names: the licence, and the first digits of the text's SHA-256.
type texts map[string]string

// add reads files, and names them in a part.
func (t texts) add(p *notices.Part, names []string) (all []string, err error) {
	for _, name := range names {
		data, err := regular.ReadFile(name, 1<<20)
		if err != nil {
			return nil, err
		}
		text := plain(data)
		id := t.name(text, filepath.Base(name))
		t[id] = text
		if !slices.Contains(p.Texts, id) {
			p.Texts = append(p.Texts, id)
			all = append(all, text)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("it has no licence file")
	}
	return all, nil
}
