package grid

import (
	"strings"
	"testing"
)

// TestStream: a table that is drawn row by row is one table, and has the look of one that is drawn at once.
func TestStream(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		first := New(File("image"), Number("class"), Text("label"))
		first.Row("a.jpg", 1, "cat")
		first.Separate()
		s := first.Stream(width)
		drawn := s.Head() + s.Rows(first)
		for _, label := range []string{"a label that goes on for longer than any column is wide, and is wrapped", "写真 사진", ""} {
			next := New(File("image"), Number("class"), Text("label"))
			next.Row(strings.Repeat("folder/", 12)+"name.jpg", 1000, label)
			next.Row("", 2, "dog")
			drawn += s.Between() + s.Rows(next)
		}
		drawn += s.Foot()
		if got := measured(t, strings.TrimSuffix(drawn, "\n")); got > width {
			t.Errorf("%d columns in %d:\n%s", got, width, drawn)
		}
		if all := withoutSpace(column(drawn, 3)); !strings.Contains(all, "labelthatgoeson") || !strings.Contains(all, "写真사진") || !strings.Contains(drawn, "name.jpg") {
			t.Errorf("something is lost:\n%s", drawn)
		}
	}
	one := New(Text(""), Number(""))
	one.Row("a", 1)
	s := one.Stream(8)
	if got := s.Head() + s.Rows(one) + s.Foot(); got+"" != one.Draw(8)+"\n" {
		t.Errorf("%s\nand drawn at once:\n%s", got, one.Draw(8))
	}
}
