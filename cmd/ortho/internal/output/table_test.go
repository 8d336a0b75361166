package output

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// TestTableComes: on a terminal rows are shown when they have waited for a second, and from then on as they
// come, in one table; elsewhere, and where they come quickly, they are drawn at once.
func TestTableComes(t *testing.T) {
	for width, want := range map[int]string{80: "a.jpg", 0: ""} {
		synctest.Test(t, func(t *testing.T) {
			var out bytes.Buffer
			w, err := notes.Writer("table", &out, width)
			if err != nil {
				t.Fatal(err)
			}
			write := func(name, text string) {
				if err := w.Write(note{Head: Head{Input: name}, Text: text}); err != nil {
					t.Fatal(err)
				}
			}
			write("a.jpg", "1")
			if out.Len() > 0 {
				t.Errorf("a row is drawn before others could come:\n%s", out.String())
			}
			time.Sleep(2 * patience)
			synctest.Wait()
			if !strings.Contains(out.String(), want) || want == "" && out.Len() > 0 {
				t.Errorf("width %d, after two seconds:\n%s", width, out.String())
			}
			write("folder/longer-than-the-name-before-it-was/b.jpg", "2")
			if want != "" && !strings.Contains(out.String(), "b.jpg") {
				t.Errorf("the second row waits:\n%s", out.String())
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			drawn := out.String()
			if strings.Count(drawn, "┌") != 1 || strings.Count(drawn, "└") != 1 || strings.Count(drawn, "image") != 1 || !strings.Contains(drawn, "b.jpg") {
				t.Errorf("not one table:\n%s", drawn)
			}
		})
	}
	synctest.Test(t, func(t *testing.T) { // 250 rows that come slowly: three tables
		var out bytes.Buffer
		w, _ := notes.Writer("table", &out, 80)
		for range 250 {
			if err := w.Write(note{Head: Head{Input: "x"}, Text: "1"}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(patience / 4)
		}
		if err := w.Close(); err != nil || strings.Count(out.String(), "┌") != 3 || strings.Count(out.String(), "└") != 3 || strings.Count(out.String(), "│ x ") != 250 {
			t.Errorf("%v\n%s", err, out.String())
		}
	})
}
