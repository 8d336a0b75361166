// Command make writes what package notices embeds: notices.json, and a file for each text. It runs in
// the package's folder (go generate), and fails where something that is linked has no licence file, or
// one that it does not know.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/notices"
	"ortho/models/bundled"
)

func main() {
	if err := write("."); err != nil {
		fmt.Fprintln(os.Stderr, "make notices:", err)
		os.Exit(1)
	}
}

// write makes the folder's files anew.
func write(dir string) error {
	parts, texts, err := gather(filepath.Join(dir, "../../../.."), platforms)
	if err != nil {
		return err
	}
	table, err := encode(parts)
	if err != nil {
		return err
	}
	folder := filepath.Join(dir, "texts")
	if err := os.RemoveAll(folder); err != nil {
		return err
	}
	if err := os.Mkdir(folder, 0o755); err != nil {
		return err
	}
	for name, text := range texts {
		if err := os.WriteFile(filepath.Join(folder, name+".txt"), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(dir, "notices.json"), table, 0o644)
}

func encode(parts []notices.Part) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	err := encoder.Encode(parts)
	return b.Bytes(), err
}

// gather finds all parts, and their texts. root is the repository's.
func gather(root string, on []platform) ([]notices.Part, texts, error) {
	texts := texts{}
	own := notices.Part{Kind: notices.Program, Name: "ortho"}
	toolchain := notices.Part{Kind: notices.Go, Name: "Go's runtime and standard library"}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return nil, nil, fmt.Errorf("ask where Go is: %w", err)
	}
	for _, of := range []struct {
		part  *notices.Part
		dir   string
		files []string
	}{{&own, root, []string{"LICENSE"}}, {&toolchain, strings.TrimSpace(string(goroot)), []string{"LICENSE", "PATENTS"}}} {
		for i, name := range of.files {
			of.files[i] = filepath.Join(of.dir, name)
		}
		all, err := texts.add(of.part, of.files)
		if err == nil {
			of.part.Licence, err = licences(all...)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", of.part.Name, err)
		}
	}
	modules := map[string]*module{}
	for _, p := range on {
		more, err := linked(root, p)
		if err != nil {
			return nil, nil, err
		}
		for path, m := range more {
			if have := modules[path]; have != nil {
				maps.Copy(have.packages, m.packages)
				continue
			}
			modules[path] = m
		}
	}
	parts := []notices.Part{own, toolchain}
	for _, path := range slices.Sorted(maps.Keys(modules)) {
		p, err := modules[path].notice(texts)
		if err != nil {
			return nil, nil, err
		}
		parts = append(parts, p)
	}
	for _, p := range code {
		p.Texts = own.Texts
		if p.text != "" {
			id := texts.name(p.text, "")
			texts[id], p.Texts = p.text, []string{id}
		}
		parts = append(parts, p.Part)
	}
	for _, name := range bundled.Names() {
		p := notices.Part{Kind: notices.Model, Name: name, Texts: []string{"models/" + name}}
		text, err := notices.Text(p.Texts[0])
		if err == nil {
			p.Licence, err = licences(text)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("bundled model %s: %w", name, err)
		}
		parts = append(parts, p)
	}
	return append(parts, loaded...), texts, nil
}

// name is a text's: its licence, and the first digits of its SHA-256.
func (texts) name(text, file string) string {
	id, err := licences(text)
	if err != nil {
		id = strings.TrimSuffix(file, filepath.Ext(file))
	}
	return fmt.Sprintf("%s-%.8x", strings.ReplaceAll(id, " AND ", "_"), sha256.Sum256([]byte(text)))
}

// plain is a text as UTF-8, with ends of lines of one kind, and one at its end.
func plain(data []byte) string {
	text := string(data)
	if !utf8.Valid(data) { // of Latin 1 a byte is a character
		runes := make([]rune, len(data))
		for i, b := range data {
			runes[i] = rune(b)
		}
		text = string(runes)
	}
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\ufeff")
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}
