package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// concepts are what verbs have in common, and the one flag by which each has it. What a verb has of a concept under
// another name is listed in other names: no flag may have one of these.
var concepts = []struct {
	concept string
	flag    string
	short   string   // its one letter; "": none
	others  []string // names that no verb may use for it
	verbs   string   // that must have it
}{
	{"where the output goes", "output", "o", []string{"out", "output-file", "output-dir", "outdir", "save", "dest"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe imagine convert"},
	{"how it is written", "format", "f", []string{"output-format", "type", "fmt"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe convert"},
	{"an output that is there is replaced", "overwrite", "", []string{"force", "replace", "clobber"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe imagine convert"},
	{"a run goes on", "resume", "", []string{"continue", "restart"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe"},
	{"what failed is done again", "retry-failed", "", []string{"retry", "redo"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe"},
	{"an output is brought up to date", "update", "", []string{"incremental", "sync", "refresh"}, "classify classify-text embed tag detect segment depth cutout generate describe"},
	{"rows of what is gone stay", "keep-gone", "", []string{"keep-missing"}, "classify classify-text embed tag detect segment depth cutout generate describe"},
	{"which rows are kept", "where", "", []string{"filter", "select", "query"}, "classify classify-text embed tag detect segment depth sort search dupes describe convert"},
	{"a page", "html", "", []string{"report", "page", "gallery"}, "classify tag detect segment depth cutout generate describe"},
	{"progress", "progress", "", []string{"quiet", "silent", "verbose", "no-progress"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate describe"},
	{"a part of the images", "shard", "", []string{"part", "slice", "split-by"}, "classify embed tag detect segment depth cutout generate describe"},
	{"by what inputs are known again", "check-inputs", "", []string{"digest", "checksum"}, "classify embed tag detect segment depth cutout generate describe"},
	{"folders are watched", "watch", "", []string{"follow", "monitor"}, "classify embed tag detect segment depth cutout sort generate describe"},
	{"paths on standard input", "stdin-paths", "", []string{"files-from", "from-stdin"}, "classify embed tag detect segment depth cutout sort generate describe"},
	{"an archive on standard input", "stdin-tar", "", []string{"tar", "from-tar"}, "classify embed tag detect segment depth cutout sort generate describe"},
	{"how many may fail", "max-failed", "", []string{"max-errors", "tolerate"}, "classify classify-text embed tag detect segment depth cutout generate describe"},
	{"a task of a plan", "plan-task", "", []string{"array-task"}, "classify embed tag detect segment depth describe"},
	{"the first failure ends the run", "fail-fast", "", []string{"stop-on-error", "strict"}, "classify embed tag detect segment depth cutout sort generate describe"},
	{"which model", "model", "m", []string{"weights", "checkpoint", "model-path"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate inspect"},
	{"names of classes", "labels", "", []string{"class-names"}, "classify classify-text tag detect segment sort eval"},
	{"execution providers", "provider", "p", []string{"device", "ep", "gpu"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate"},
	{"threads", "threads", "", []string{"num-threads", "jobs"}, "classify classify-text embed tag detect segment depth cutout sort search dupes generate"},
	{"runs in flight", "concurrency", "", []string{"workers", "num-workers", "parallel"}, "classify embed tag detect segment depth cutout sort generate describe"},
	{"images of a run", "batch", "", []string{"batch-size", "bs"}, "classify embed tag detect segment depth sort"},
	{"the largest image", "max-pixels", "", []string{"max-size", "pixel-limit"}, "classify embed tag detect segment depth cutout sort generate"},
}

// otherThings are flags whose names are those of a concept elsewhere, and which are for something else.
var otherThings = []string{
	"bench compare --force",   // compares runs of other things, too
	"runtime install --force", // installs what is there once more: it names no file
	"runtime list --quiet",    // says by its exit code alone whether there is one
	"detect --slice",          // windows of an image
	"plan -n",                 // how many tasks, as array jobs have it; elsewhere how many pictures
	"imagine --strict",        // no sentence stands in for a description
}

// TestSameFlags: every verb has the same flag for the same thing, under no second name, and with the same letter.
func TestSameFlags(t *testing.T) {
	commands := map[string]*cli.Command{}
	var gather func(above string, all []*cli.Command)
	gather = func(above string, all []*cli.Command) {
		for _, c := range all {
			commands[strings.TrimSpace(above+" "+c.Name)] = c
			gather(above+" "+c.Name, c.Subcommands)
		}
	}
	gather("", newApp().Commands)
	for _, c := range concepts {
		for _, verb := range strings.Fields(c.verbs) {
			if commands[verb] == nil {
				t.Fatalf("there is no verb %s", verb)
			}
			if flagNamed(commands[verb], c.flag) == nil {
				t.Errorf("%s has no --%s (%s)", verb, c.flag, c.concept)
			}
		}
		for verb, command := range commands {
			for _, other := range c.others {
				if flagNamed(command, other) != nil && !slices.Contains(otherThings, verb+" --"+other) {
					t.Errorf("%s has --%s: %s is --%s elsewhere", verb, other, c.concept, c.flag)
				}
			}
			f := flagNamed(command, c.flag)
			if f == nil {
				continue
			}
			if names := f.Names(); names[0] != c.flag || c.short != "" && !slices.Contains(names, c.short) {
				t.Errorf("%s: --%s has the names %q", verb, c.flag, names)
			}
		}
	}
	// One letter stands for one flag in all verbs.
	letters := map[string]string{}
	for verb, command := range commands {
		for _, f := range command.Flags {
			for _, name := range f.Names() {
				if long := f.Names()[0]; len(name) == 1 && name != long {
					if before := letters[name]; before != "" && before != long && !slices.Contains(otherThings, verb+" -"+name) {
						t.Errorf("%s: -%s is --%s, and elsewhere --%s", verb, name, long, before)
					}
					if !slices.Contains(otherThings, verb+" -"+name) {
						letters[name] = long
					}
				}
			}
		}
	}
}

func flagNamed(command *cli.Command, name string) cli.Flag {
	for _, f := range command.Flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
