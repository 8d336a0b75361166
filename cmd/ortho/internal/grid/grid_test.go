package grid

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// measured is the width of a drawn table, all of whose lines must have it.
func measured(t *testing.T, drawn string) int {
	t.Helper()
	width := -1
	for line := range strings.SplitSeq(drawn, "\n") {
		if width >= 0 && cells(line) != width {
			t.Errorf("a line of %d columns in a table of %d:\n%s", cells(line), width, drawn)
			return width
		}
		width = cells(line)
	}
	return width
}

func TestDraw(t *testing.T) {
	const want = `
┌─────────────────────────┬───────┬─────────┬──────┐
│ image                   │ class │ label   │ p    │
├─────────────────────────┼───────┼─────────┼──────┤
│ …/very/deep/a.jpg       │   360 │ otter   │ 96 % │
│                         │     1 │ two     │ 1 %  │
│                         │       │ words   │      │
├─────────────────────────┼───────┼─────────┼──────┤
│ averyveryve…ongname.png │       │ failed: │      │
│                         │       │ it is   │      │
│                         │       │ no      │      │
│                         │       │ image   │      │
│                         │       │ at all  │      │
├─────────────────────────┼───────┼─────────┼──────┤
│ all                     │       │ 2       │      │
└─────────────────────────┴───────┴─────────┴──────┘`
	table := New(File("image"), Number("class"), Text("label"), Text("p"))
	table.Row("photographs/of/animals/very/deep/a.jpg", 360, "otter", "96 %")
	table.Row("", 1, "two words", "1 %")
	table.Separate()
	table.Row("averyveryverylongname.png", "", "failed: it is no image at all", "")
	table.Separate()
	table.Footer("all", "", "2", "")
	if got := table.Draw(52); got != strings.TrimPrefix(want, "\n") {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
	if n := table.Len(); n != 3 {
		t.Errorf("%d rows", n)
	}
	bare := New(Text(""), Text(""))
	bare.Row("image", "a")
	if got := bare.Draw(80); got != "┌───────┬───┐\n│ image │ a │\n└───────┴───┘" {
		t.Errorf("without headers:\n%s", got)
	}
}

func TestOptional(t *testing.T) {
	table := New(Text("a"), Text("b").Optional(), Number("c").Optional(), Text("d").Optional())
	table.Row("1", "", Absent, "")
	table.Row("2", "", Absent, "")
	if got := table.Draw(80); strings.ContainsAny(got, "bcd") || !strings.Contains(got, "│ a │") {
		t.Errorf("empty columns:\n%s", got)
	}
	table.Row("3", "x", Absent, "")
	table.Footer("all", "", "", "y")
	if got := table.Draw(80); !strings.Contains(got, "│ a   │ b │ d │") || !strings.Contains(got, "│ 3   │ x │   │") || !strings.Contains(got, "│ all │   │ y │") {
		t.Errorf("one empty column:\n%s", got)
	}
}

// TestFits: no table is wider than the terminal, however wide its characters are, and but
// for paths all that was put in is in it.
func TestFits(t *testing.T) {
	hostile := []string{
		"plain words that go on for longer than any terminal is wide, and then for some more of it until the end",
		strings.Repeat("x", 300),
		strings.Repeat("写真", 100),
		strings.Repeat("사진 ", 60),
		strings.Repeat("🦦", 90) + " " + strings.Repeat("👩‍👩‍👧‍👦", 20),
		strings.Repeat("e\u0301", 200),
		"/" + strings.Repeat("資料/", 50) + strings.Repeat("猫", 60) + ".jpg",
		strings.Repeat("folder/", 40) + "name.png",
		"", "a",
	}
	for _, width := range []int{40, 80, 81, 132} {
		for i, a := range hostile {
			for _, b := range hostile {
				table := New(File("image"), Number("class"), Text("label"), Number("probability"))
				table.Row(b, 999, a, "100.0 %")
				table.Row("", i, b, "0.0 %")
				drawn := table.Draw(width)
				if got := measured(t, drawn); got > width {
					t.Fatalf("%d columns in %d:\n%s", got, width, drawn)
				}
				if !utf8.ValidString(drawn) {
					t.Fatalf("characters were cut:\n%s", drawn)
				}
				joined := withoutSpace(column(drawn, 3))
				if want := "label" + withoutSpace(a) + withoutSpace(b); joined != want {
					t.Fatalf("%q became %q", want, joined)
				}
				if strings.HasSuffix(b, ".jpg") && !strings.Contains(column(drawn, 1), ".jpg") || strings.HasSuffix(b, "/name.png") && !strings.Contains(column(drawn, 1), "name.png") {
					t.Fatalf("the name of the file %q is not in\n%s", b, drawn)
				}
			}
		}
	}
	wide := New(Text("a"), Text("b"))
	wide.Row(strings.Repeat("a", 100), strings.Repeat("b", 100))
	if got := measured(t, wide.Draw(300)); got != 207 {
		t.Errorf("where there is room, nothing is wrapped: %d columns", got)
	}
}

// column joins the lines of a drawn table's n-th column.
func column(drawn string, n int) string {
	var b strings.Builder
	for line := range strings.SplitSeq(drawn, "\n") {
		if parts := strings.Split(line, "│"); len(parts) > n {
			b.WriteString(parts[n])
		}
	}
	return b.String()
}

func withoutSpace(s string) string { return strings.Join(strings.Fields(s), "") }

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		path  string
		width int
		want  string
	}{
		{"a/b.jpg", 7, "a/b.jpg"},
		{"photos/cats/b.jpg", 14, "…/cats/b.jpg"},
		{"/photos/cats/b.jpg", 14, "…/cats/b.jpg"},
		{`C:\photos\cats\b.jpg`, 14, `…\cats\b.jpg`},
		{"photos/cats/b.jpg", 8, "…/b.jpg"},
		{"photos/cats/b.jpg", 6, "b.jpg"},
		{"photos/cats/tabby-0001.jpg", 9, "tabb….jpg"},
		{"写真/ねこ/三毛猫.jpg", 13, "…/三毛猫.jpg"},
		{"三毛猫三毛猫.jpg", 9, "三毛….jpg"},
		{"abc", 1, "…"},
	} {
		got := shorten(c.path, c.width)
		if got != c.want || cells(got) > c.width {
			t.Errorf("%q in %d: %q, want %q", c.path, c.width, got, c.want)
		}
	}
}

func TestHang(t *testing.T) {
	for _, c := range []struct {
		text          string
		width, column int
		want          string
	}{
		{"as it is", 8, 0, "as it is"},
		{"one two three", 8, 0, "one two\nthree"},
		{"one two three", 9, 2, "one two\n  three"},
		{"猫と犬と馬 ok", 7, 0, "猫と犬\nと馬 ok"},
		{"abcdefgh", 3, 0, "abc\ndef\ngh"},
		{"/usr/lib/onnxruntime.so.1", 16, 0, "/usr/lib/\nonnxruntime.so.1"},
		{"about 97.0 % of all", 9, 0, "about\n97.0 % of\nall"},
		{"207.3 [204.2, 209.4]", 15, 0, "207.3\n[204.2, 209.4]"},
		{"ab", 3, 9, "a\n         b"},
	} {
		if got := wrapFrom(c.text, c.width, c.column); got != c.want {
			t.Errorf("%q in %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestWidth(t *testing.T) {
	pipe, other, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	defer other.Close()
	for _, w := range []io.Writer{nil, &bytes.Buffer{}, pipe} {
		if got := Width(w); got != Standard {
			t.Errorf("%T: %d columns", w, got)
		}
		if long := strings.Repeat("word ", 40); Sentence(w, "- ", long) != "- "+long {
			t.Errorf("%T: a sentence is wrapped for programs", w)
		}
	}
	var b bytes.Buffer
	table := New(Text("n"))
	table.Row(strings.Repeat("word ", 40))
	if err := table.Print(&b); err != nil || measured(t, strings.TrimSuffix(b.String(), "\n")) > Standard {
		t.Errorf("%v\n%s", err, b.String())
	}
	if err := table.Print(full{}); err == nil {
		t.Error("an error of the writer is lost")
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, fmt.Errorf("full") }

// TestWords: an interval is broken before a word is, and a word only where nothing else helps.
func TestWords(t *testing.T) {
	g := New(Text("part"), Number("runs"), Number("ms a run"), Number("ms in an image"), Number("share"), Number("peak MiB"), Text("fastest alone"))
	g.Row("text_encoder, unstable", 2, "0.2529 [1.371e-10, 5693027208502]", "0.5057", "10.3 %", "69", "cpu threads=2")
	g.Row("vae_decoder", 1, "0.6424 [0.5375, 0.7678]", "0.6424", "13.1 %", "70", "as here")
	g.Footer("an image, cpu threads=1", "", "", "4.898 [2.567, 11.85]", "", "72", "")
	drawn := g.Draw(Standard)
	if n := measured(t, drawn); n > Standard {
		t.Errorf("%d columns", n)
	}
	for _, word := range []string{" text_encoder,", " unstable ", " 5693027208502] ", " threads=2 ", " vae_decoder "} {
		if !strings.Contains(drawn, word) {
			t.Errorf("no %q in\n%s", word, drawn)
		}
	}
}
