package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
	"ortho/models/describe/openaitest"
)

// described runs describe, and holds its outputs against the key.
func describedBy(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := execute(t, "", append([]string{"describe"}, args...)...)
	if code != want {
		t.Fatalf("%q: exit %d, want %d: %s%s", args, code, want, stdout, stderr)
	}
	if strings.Contains(stdout+stderr, theKey) {
		t.Errorf("%q: the key shows", args)
	}
	return stdout, stderr
}

var catSays = openaitest.Description{Sentence: "A tabby cat looks up.", Objects: []string{"cat", "sofa; red"}, Attributes: []string{"striped"}, Scene: "indoors", Class: "Egyptian Mau"}

func TestDescribe(t *testing.T) {
	needLibrary(t)
	server := chatting(t, openaitest.Costing(openaitest.Describe(catSays), 1000, 200, 50, 0))
	stdout, stderr := describedBy(t, exitOK, "-f", "jsonl", cat, filepath.Join(photos, "coffee.png"))
	all := rowsFrom[rows.Descriptions](t, stdout)
	if len(all) != 2 || all[0].Description == nil || *all[0].Description.Index != 285 || all[0].Description.Class != "Egyptian Mau" || all[0].Description.Sentence != catSays.Sentence ||
		len(all[0].Description.Evidence) != 10 || all[0].Description.Evidence[1].Index != 285 || all[0].Description.Tokens != 1050 {
		t.Errorf("%+v", all)
	}
	if all[1].Description.Index != nil || all[1].Description.Class != "Egyptian Mau" {
		t.Errorf("a class that is no candidate: %+v", all[1].Description)
	}
	if !strings.Contains(stderr, "2 requests: 2000 tokens of prompts (400 cached), 100 of answers") {
		t.Error(stderr)
	}
	requests := server.Requests() // in any order
	i := slices.IndexFunc(requests, func(r *openaitest.Request) bool { return r.Width == 451 })
	if i < 0 {
		t.Fatalf("none of %d requests has an image of 451 pixels", len(requests))
	}
	asked := requests[i]
	if asked.Height != 300 || len(asked.Classes) != 11 || !strings.Contains(asked.Text, "35.6") {
		t.Errorf("asked with %dx%d pixels, %q", asked.Width, asked.Height, asked.Classes)
	}

	stdout, _ = describedBy(t, exitOK, "-f", "jsonl", "-m", "none", "--prompt", "alt-text", "--lang", "German", "--chat-model", "tiny", cat)
	asked = server.Requests()[2]
	if rowsFrom[rows.Descriptions](t, stdout)[0].Description.Index != nil || asked.Classes != nil || !strings.Contains(asked.Text, "German") || !strings.Contains(asked.Text, "alternative text") || asked.Model != "tiny" {
		t.Errorf("%s; asked %q of %s", stdout, asked.Text, asked.Model)
	}
	stdout, _ = describedBy(t, exitOK, "-f", "table", "-m", "none", cat)
	if !strings.Contains(stdout, "A tabby cat looks up.") {
		t.Error(stdout)
	}
	if _, stderr = describedBy(t, exitOK, "-f", "csv", "-m", "none", "--stream", cat); !strings.Contains(stderr, "chelsea.png: A tabby cat looks up.") {
		t.Error(stderr)
	}
	if stdout, _ = describedBy(t, exitOK, cat, "-f", "jsonl", "-m", "none"); len(rowsFrom[rows.Descriptions](t, stdout)) != 1 {
		t.Error(stdout)
	}
	if stdout, _ = describedBy(t, exitOK, "prompts"); !strings.Contains(stdout, "alt-text") {
		t.Error(stdout)
	}
	before := len(server.Requests())
	if stdout, _ = describedBy(t, exitOK, "--dry-run", cat); !strings.Contains(stdout, "json_schema") || strings.Contains(stdout, "base64,/9j") || len(server.Requests()) != before {
		t.Errorf("%d requests; %s", len(server.Requests())-before, stdout)
	}
}

// TestDescribeFormats: what is in a file comes back out of it, and a run that failed goes on.
func TestDescribeFormats(t *testing.T) {
	dir := t.TempDir()
	broken := write(t, filepath.Join(dir, "broken.png"), "\x89PNG\r\n\x1a\nno")
	for _, format := range []string{"jsonl", "csv", "parquet"} {
		out := filepath.Join(dir, "out."+format)
		server := chatting(t)
		server.Route(func(r *openaitest.Request) openaitest.Answer {
			if r.Width == 600 { // the cup
				return openaitest.Refuse("no")
			}
			return openaitest.Describe(catSays)
		})
		args := []string{"-m", "none", "--concurrency", "1", "-o", out, filepath.Join(photos, "chelsea.png"), broken, filepath.Join(photos, "coffee.png")}
		describedBy(t, exitItems, args...)
		got := readBack(t, format, out)
		if len(got) != 3 || got[0].Description == nil || got[0].Description.Sentence != catSays.Sentence || !slices.Equal(got[0].Description.Attributes, catSays.Attributes) ||
			got[1].Error == nil || got[1].Error.Kind != "decode" || got[2].Error == nil || got[2].Error.Kind != "refused" {
			t.Fatalf("%s: %+v", format, got)
		}
		server.Route(func(*openaitest.Request) openaitest.Answer { return openaitest.Describe(catSays) })
		describedBy(t, exitItems, append(args, "--retry-failed")...)
		if got = readBack(t, format, out); len(got) != 3 || got[2].Description == nil || got[1].Error == nil {
			t.Fatalf("%s: %+v", format, got)
		}
		if n := len(server.Requests()); n != 3 {
			t.Errorf("%s: %d requests, want 3", format, n)
		}
		describedBy(t, exitItems, append(args, "--resume", "--max-side", "1024")...)
		for _, flag := range []string{"lang", "chat-temperature"} {
			if _, stderr := describedBy(t, exitFailed, append(args, "--resume", "--"+flag, "0")...); !strings.Contains(stderr, flag) {
				t.Error(stderr)
			}
		}
	}
	noKeyIn(t, dir)
}

func readBack(t *testing.T, format, name string) (all []rows.Descriptions) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	for row, err := range rows.DescriptionsCodec.Read(format, f, info.Size()) {
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, row)
	}
	return all
}

// TestDescribeEnds: what every image would meet ends the run, and what was finished is kept.
func TestDescribeEnds(t *testing.T) {
	cup := coffee
	for _, c := range []struct {
		name    string
		answers []openaitest.Answer
		args    []string
		want    string
	}{
		{"wrong key", []openaitest.Answer{openaitest.WrongKey()}, nil, "key"},
		{"no quota", []openaitest.Answer{openaitest.NoQuota()}, nil, "quota"},
		{"budget", []openaitest.Answer{openaitest.Describe(catSays)}, []string{"--budget", "10"}, "budget"},
	} {
		dir := t.TempDir()
		out := filepath.Join(dir, "out.jsonl")
		server := chatting(t, append([]openaitest.Answer{openaitest.Describe(catSays)}, c.answers...)...)
		if c.name == "budget" {
			server.Script(c.answers...)
		}
		args := append([]string{"-m", "none", "--concurrency", "1", "-o", out, cat, cup}, c.args...)
		if _, stderr := describedBy(t, exitFailed, args...); !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %s", c.name, stderr)
		}
		noKeyIn(t, dir)
		server.Script(openaitest.Describe(catSays))
		describedBy(t, exitOK, "-m", "none", "--concurrency", "1", "-o", out, cat, cup, "--resume")
		if got := rowsFrom[rows.Descriptions](t, read(t, out)); len(got) != 2 || got[0].Description == nil || got[1].Description == nil {
			t.Errorf("%s: %+v", c.name, got)
		}
	}
}

func TestDescribeOffline(t *testing.T) {
	cache := t.TempDir()
	server := chatting(t, openaitest.Describe(catSays))
	describedBy(t, exitOK, "-m", "none", "--cache", cache, cat)
	noKeyIn(t, cache)
	server.Close()
	if stdout, _ := describedBy(t, exitOK, "-f", "jsonl", "-m", "none", "--cache", cache, "--offline", cat); !rowsFrom[rows.Descriptions](t, stdout)[0].Description.Cached {
		t.Error(stdout)
	}
	t.Setenv(envBaseURL, "")
	t.Setenv(envKey, "")
	if stdout, _ := describedBy(t, exitItems, "-f", "jsonl", "-m", "none", "--offline", cat); rowsFrom[rows.Descriptions](t, stdout)[0].Error.Kind != "offline" {
		t.Error(stdout)
	}
	if _, stderr := describedBy(t, exitFailed, "-m", "none", cat); !strings.Contains(stderr, envKey) {
		t.Error(stderr)
	}
	describedBy(t, exitUsage, "--candidates", "0", cat)
	describedBy(t, exitUsage, "--prompt", "nonsense", cat)
	describedBy(t, exitUsage)
}

// TestDescribeWithoutHome: where the user's folder of caches can't be made, answers are not kept, which is told; a folder
// that was named has to be there.
func TestDescribeWithoutHome(t *testing.T) {
	needLibrary(t)
	file := write(t, filepath.Join(t.TempDir(), "file"), "")
	t.Setenv("HOME", file)
	t.Setenv("XDG_CACHE_HOME", "")
	line := []string{"describe", "--offline", coffee, "-m", "none", "-f", "jsonl"}
	if code, stdout, stderr := execute(t, "", line...); code == exitUsage || !strings.Contains(stderr, "no answer is kept") || !strings.Contains(stdout, "coffee.png") {
		t.Errorf("exit %d, %s, %s", code, stdout, stderr)
	}
	if code, _, stderr := execute(t, "", append(line, "--cache", filepath.Join(file, "x"))...); code != exitFailed || !strings.Contains(stderr, "cache's folder") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
