package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	pageLink    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	pageHeading = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInAnchor = regexp.MustCompile(`[^\p{L}\p{N}_ -]`)
)

// TestLinks: what a page links to is there, and has the heading that the link names.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("../../*.md")
	if err != nil {
		t.Fatal(err)
	}
	inDocs, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, inDocs...) {
		for _, found := range pageLink.FindAllStringSubmatch(read(t, page), -1) {
			name, heading, _ := strings.Cut(found[1], "#")
			if strings.Contains(name, ":") {
				continue
			}
			target := filepath.Join(filepath.Dir(page), name)
			if name == "" {
				target = page
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", page, found[1])
			} else if heading != "" && !hasHeading(read(t, target), heading) {
				t.Errorf("%s links to %s, which has no such heading", page, found[1])
			}
		}
	}
}

// hasHeading reports whether a page has a heading of an anchor as GitHub makes them.
func hasHeading(text, anchor string) bool {
	for _, found := range pageHeading.FindAllStringSubmatch(text, -1) {
		if strings.ReplaceAll(notInAnchor.ReplaceAllString(strings.ToLower(found[1]), ""), " ", "-") == anchor {
			return true
		}
	}
	return false
}
