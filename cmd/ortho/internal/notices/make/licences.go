package main

import (
	"fmt"
	"slices"
	"strings"
)

// signs are phrases by which a licence is known, in lower case with single spaces.
var signs = []struct {
	licence string
	has     []string
	lacks   string
}{
	{"Apache-2.0", []string{"apache license", "version 2.0, january 2004"}, ""},
	{"BSD-2-Clause", []string{"redistribution and use in source and binary forms"}, "neither the name"},
	{"BSD-3-Clause", []string{"redistribution and use in source and binary forms", "neither the name"}, ""},
	{"CC-BY-4.0", []string{"creative commons attribution 4.0 international public license"}, ""},
	{"FTL", []string{"the freetype project license"}, ""},
	{"MIT", []string{"free of charge, to any person obtaining a copy of this software"}, ""},
	{"OFL-1.1", []string{"sil open font license version 1.1"}, ""},
	{"Unlicense", []string{"this is free and unencumbered software released into the public domain"}, ""},
	{"LicenseRef-WordNet-3.0", []string{"wordnet 3.0 copyright 2006 by princeton university"}, ""},
}

// licences are those that texts hold, as an SPDX expression.
func licences(texts ...string) (string, error) {
	var found []string
	for _, text := range texts {
		text = strings.ToLower(strings.Join(strings.Fields(text), " "))
		for _, s := range signs {
			if (s.lacks == "" || !strings.Contains(text, s.lacks)) && !slices.ContainsFunc(s.has, func(phrase string) bool { return !strings.Contains(text, phrase) }) {
				found = append(found, s.licence)
			}
		}
	}
	if len(found) == 0 {
		return "", fmt.Errorf("no licence is known by its text")
	}
	slices.Sort(found)
	return strings.Join(slices.Compact(found), " AND "), nil
}
