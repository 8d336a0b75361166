package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"
)

// The lines of a page between which its table stands.
const tableBegins, tableEnds = "<!-- soak -->\n", "<!-- end of soak -->\n"

// table is the campaign in Markdown: what was tried, and what failed.
func (c *campaign) table(ctx context.Context, all []*tally, start time.Time, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, seed %d, %s; %s, %d cores, %s/%s", start.Format(time.DateOnly), took.Round(time.Second), c.seed, c.version(ctx), runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	if len(c.unread) > 0 {
		b.WriteString("; without what reads " + strings.Join(c.unread, ", "))
	}
	if c.room == nil {
		b.WriteString("; no small file system could be made")
	}
	b.WriteString(":\n\n| area | what was tried | inputs | turns | failures | seconds | peak memory of a process |\n| --- | --- | ---: | ---: | ---: | ---: | ---: |\n")
	inputs, failures := 0, 0
	for _, t := range all {
		memory := "not known"
		if t.peak > 0 {
			memory = fmt.Sprintf("%d MB", t.peak/1e6)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %d | %d | %d | %.0f | %s |\n", t.name, t.tries, t.inputs, t.turns, t.failures, t.took.Seconds(), memory)
		inputs, failures = inputs+t.inputs, failures+t.failures
	}
	fmt.Fprintf(&b, "| together | | %d | | %d | %.0f | |\n", inputs, failures, took.Seconds())
	return b.String()
}

// version is what ortho says of itself.
func (c *campaign) version(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, c.ortho, "version").Output()
	if err != nil {
		return "ortho of an unknown version"
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimSpace(first)
}

// writeTable puts a table in the place of a page's.
func writeTable(page, table string) error {
	data, err := os.ReadFile(page)
	if err != nil {
		return err
	}
	before, rest, begins := strings.Cut(string(data), tableBegins)
	_, after, ends := strings.Cut(rest, tableEnds)
	if !begins || !ends {
		return errors.New(page + " has no place for a table: " + strings.TrimSpace(tableBegins) + " and " + strings.TrimSpace(tableEnds))
	}
	return os.WriteFile(page, []byte(before+tableBegins+"\n"+table+"\n"+tableEnds+after), 0o666)
}
