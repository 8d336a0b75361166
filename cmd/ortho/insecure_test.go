package main

import (
	"strings"
	"testing"

	"ortho/models/describe/openaitest"
)

// TestInsecure: a key goes to another machine by http only where that is asked for, and then it is said
// once; before, nothing is sent or written, and what to do is said.
func TestInsecure(t *testing.T) {
	server := chatting(t, openaitest.Describe(catSays))
	t.Setenv(envBaseURL, strings.Replace(server.URL, "127.0.0.1", "0.0.0.0", 1))
	out := t.TempDir() + "/x.jsonl"
	for _, args := range [][]string{
		{"describe", "-m", "none", coffee, "-o", out},
		{"imagine", coffee},
	} {
		code, stdout, stderr := execute(t, "", args...)
		if code != exitUsage || stdout != "" || strings.Contains(stderr, theKey) || len(server.Requests()) > 0 {
			t.Errorf("%q: exit %d after %d requests, %s%s", args, code, len(server.Requests()), stdout, stderr)
		}
		for _, word := range []string{"https://", envKey, envBaseURL, "--insecure"} {
			if !strings.Contains(stderr, word) {
				t.Errorf("%q: no %s in %s", args, word, stderr)
			}
		}
	}
	for _, args := range [][]string{
		{"describe", "-m", "none", coffee, "--dry-run"},
		{"describe", "-m", "none", coffee, "--offline", "-f", "jsonl"},
	} {
		if code, _, stderr := execute(t, "", args...); code == exitUsage || len(server.Requests()) > 0 {
			t.Errorf("%q: exit %d after %d requests, %s", args, code, len(server.Requests()), stderr)
		}
	}
	const warning = "warning: the key is sent unencrypted to 0.0.0.0"
	code, _, stderr := execute(t, "", "describe", "-m", "none", coffee, cat, "--insecure", "-o", out)
	if strings.Count(stderr, warning) != 1 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if code != exitOK { // as on Windows, where there is no such address
		t.Skip(stderr)
	}
	t.Setenv(envKey, "")
	server.RequireKey("")
	if code, _, stderr := execute(t, "", "describe", "-m", "none", coffee, "-f", "jsonl"); code != exitOK || strings.Contains(stderr, warning) {
		t.Errorf("without a key: exit %d, %s", code, stderr)
	}
	t.Setenv(envKey, theKey)
	t.Setenv(envBaseURL, server.URL)
	if code, _, stderr := execute(t, "", "describe", "-m", "none", coffee, "-f", "jsonl", "--insecure"); code != exitOK || strings.Contains(stderr, warning) {
		t.Errorf("to this machine: exit %d, %s", code, stderr)
	}
}
