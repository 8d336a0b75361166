package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/notices"
)

// TestUpToDate: the notices are those of go.mod and of the packages that are linked, on every system
// that ortho is built for. It needs no network: a system whose modules are not in the cache is told,
// and its modules are believed.
func TestUpToDate(t *testing.T) {
	const root = "../../../../.."
	here := platform{runtime.GOOS, runtime.GOARCH}
	var on, off []platform
	for _, p := range platforms {
		if _, err := linked(root, p); err == nil {
			on = append(on, p)
		} else if p == here {
			t.Fatal(err)
		} else {
			t.Logf("not compared: %v", err)
			off = append(off, p)
		}
	}
	if !slices.Contains(on, here) {
		on = append(on, here)
	}
	parts, made, err := gather(root, on)
	if err != nil {
		t.Fatal(err)
	}
	have, err := os.ReadFile("../notices.json")
	if err != nil {
		t.Fatal(err)
	}
	files, err := os.ReadDir("../texts")
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range files {
		text, err := os.ReadFile(filepath.Join("../texts", f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		got[strings.TrimSuffix(f.Name(), ".txt")] = string(text)
	}
	table, err := encode(parts)
	if err != nil {
		t.Fatal(err)
	}
	if len(off) == 0 && (!bytes.Equal(table, have) || !maps.Equal(got, made)) {
		t.Error("notices.json or texts are not those of what is linked: make notices")
	}
	for name, text := range made {
		if got[name] != text {
			t.Errorf("texts/%s.txt is missing, or another: make notices", name)
		}
	}
	for _, p := range parts {
		one, err := encode([]notices.Part{p})
		if err != nil {
			t.Fatal(err)
		}
		if entry := bytes.TrimSuffix(bytes.TrimPrefix(one, []byte("[\n")), []byte("\n]\n")); !bytes.Contains(have, entry) {
			t.Errorf("%s %s is not in notices.json, or another: make notices", p.Name, p.Version)
		}
	}
}

// TestLicences: licences are known by their texts; a module without one is an error.
func TestLicences(t *testing.T) {
	const bsd = "Redistribution and use in source\n and binary forms, with or without"
	for _, c := range []struct{ text, want string }{
		{"Permission is hereby granted, free of charge, to any person\nobtaining a copy of this software and", "MIT"},
		{bsd, "BSD-2-Clause"},
		{bsd + " 3. Neither the name of", "BSD-3-Clause"},
		{"Apache License\n  Version 2.0, January 2004\n" + bsd + " Neither the name", "Apache-2.0 AND BSD-3-Clause"},
		{"All rights reserved.", ""},
		{"", ""},
	} {
		if got, err := licences(c.text); got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%q: %q, %v; want %q", c.text, got, err, c.want)
		}
	}
}

// TestFiles: a module's notices are the files of its root, and of linked packages and what is above
// them.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	const mit = "Permission is hereby granted, free of charge, to any person obtaining a copy of this software (%)"
	for name, text := range map[string]string{
		"a/LICENSE.md": strings.Replace(mit, "%", "root", 1), "a/license.go": "package a", "a/LICENSE-link.txt": "see the web", "a/PATENTS": "a grant",
		"a/in/deep/COPYING": strings.Replace(mit, "%", "deep", 1) + "\r\n\r\n", "a/other/LICENSE": "not linked", "a/in/UNLICENSE": "This is free and unencumbered software released into the public domain.",
		"b/README.md": "no licence", "c/LICENSE": "Do what you want, \xa9 nobody.",
	} {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		module string
		linked []string
		want   string // licence, or error
		texts  int
	}{
		{"a", []string{"", "in/deep"}, "MIT AND Unlicense", 4},
		{"a", []string{""}, "MIT", 2},
		{"b", []string{""}, "no licence file", 0},
		{"c", []string{""}, "no licence is known", 0},
	} {
		m := &module{c.module, "v1.0.0", filepath.Join(dir, c.module), map[string]bool{}}
		for _, p := range c.linked {
			m.packages[filepath.Join(m.dir, filepath.FromSlash(p))] = true
		}
		p, err := m.notice(texts{})
		switch {
		case c.texts == 0:
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", c.module, err, c.want)
			}
		case err != nil || p.Licence != c.want || len(p.Texts) != c.texts:
			t.Errorf("%s: %+v, %v; want %s", c.module, p, err, c.want)
		}
	}
	if got := plain([]byte("\xa9 nobody \r\n\r\n")); got != "© nobody\n" {
		t.Errorf("%q", got)
	}
}
