package output

import (
	"archive/zip"
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"
)

func sheetOf(t testing.TB, choices Choices, rows []note) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := notes.With(choices).Writer("xlsx", &b, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range rows {
		if err := w.Write(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func rowsOf(data []byte) (rows []note, err error) {
	for row, err := range notes.Read("xlsx", bytes.NewReader(data), int64(len(data))) {
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// awkward are texts that programs for spreadsheets take for something else, or can't hold.
var awkward = []string{"=1+1", "1-2", "00123", "MARCH1", "+49 30 1234", "1e5", "TRUE", "@SUM(A1)", "'x", " a ", "a\r\nb", "a\tb", "#N/A", "12/05/2026",
	"\x1b[2J\x00", `\x1b`, `\\x5cx1b`, `C:\x`, `\ufffe`, "_x001B_", "_x005F_x001B_", "_x005F", "<&>\"", "\ufffe\uffff", "größe 図 👩"}

// TestSheetTexts: every text is a text, and comes back.
func TestSheetTexts(t *testing.T) {
	var want []note
	for _, text := range awkward {
		want = append(want, note{Head: Head{text}, Text: text}, Failed[note](text, text, text))
	}
	for i := range want { // a note's result is as long as its text
		if want[i].Text != "" {
			want[i].Text = "x"
		}
	}
	data := sheetOf(t, Choices{}, want)
	if got, err := rowsOf(data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for n := range want {
		cell := fmt.Sprintf("A%d", n+2)
		kind, err := book.GetCellType("rows", cell)
		formula, failed := book.GetCellFormula("rows", cell)
		if err != nil || failed != nil || kind != excelize.CellTypeInlineString || formula != "" {
			t.Errorf("%s, %q, is of type %v, with the formula %q; %v, %v", cell, want[n].Input, kind, formula, err, failed)
		}
	}
	if got, _ := book.GetCellValue("rows", "A30"); got != `\x1b[2J\x00` {
		t.Errorf("control characters are shown as %q", got)
	}
	if panes, err := book.GetPanes("rows"); err != nil || !panes.Freeze || panes.YSplit != 1 {
		t.Errorf("%+v, %v", panes, err)
	}
	if sheet := entry(t, data, "xl/worksheets/sheet1.xml"); !strings.Contains(sheet, fmt.Sprintf(`<autoFilter ref="$A$1:$E$%d"`, len(want)+1)) || strings.Contains(sheet, "<f>") {
		t.Errorf("no filter, or a formula, in ...%s", sheet[max(0, len(sheet)-300):])
	}
}

func entry(t *testing.T, data []byte, name string) string {
	t.Helper()
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := archive.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestSheetCell: a text that is too long is cut, which is told, and it is not read back as if it were whole.
func TestSheetCell(t *testing.T) {
	for text, cut := range map[string]bool{
		strings.Repeat("a", 32767): false, strings.Repeat("a", 32768): true, strings.Repeat("👩", 16383): false, strings.Repeat("👩", 20000): true,
		strings.Repeat("ü", 32767): false, strings.Repeat("\x01", 10000): true,
	} {
		var told []string
		data := sheetOf(t, Choices{Warn: func(s string) { told = append(told, s) }}, []note{{Head: Head{text}, Text: "x"}, {Head: Head{"b"}, Text: "x"}})
		got, err := rowsOf(data)
		if cut && (err == nil || !strings.Contains(err.Error(), "was cut") || len(told) != 1 || !strings.Contains(told[0], "1 text is longer")) {
			t.Errorf("%.4q: %v, told %q", text, err, told)
		}
		if !cut && (err != nil || len(told) != 0 || got[0].Input != text) {
			t.Errorf("%.4q: %v, told %q", text, err, told)
		}
	}
}

// TestSheetsGoOn: rows that one sheet has no place for are on the next, and that is told.
func TestSheetsGoOn(t *testing.T) {
	if testing.Short() {
		t.Skip("writes a million rows")
	}
	const all = maxSheetRows + 5
	var told []string
	var b bytes.Buffer
	w, err := notes.With(Choices{Warn: func(s string) { told = append(told, s) }}).Writer("xlsx", &b, 0)
	for i := 0; i < all && err == nil; i++ {
		err = w.Write(note{Head: Head{fmt.Sprint(i)}, Text: "x"})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || len(told) != 1 || !strings.Contains(told[0], "2 sheets") {
		t.Fatalf("%v, told %q", err, told)
	}
	n := 0
	for row, err := range notes.Read("xlsx", bytes.NewReader(b.Bytes()), int64(b.Len())) {
		if err != nil || row.Input != fmt.Sprint(n) {
			t.Fatalf("row %d: %+v, %v", n, row, err)
		}
		n++
	}
	if n != all {
		t.Errorf("%d rows, want %d", n, all)
	}
}

// TestSheetPictures: each row has its thumbnail, in a column that is left out of what is read back.
func TestSheetPictures(t *testing.T) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, image.NewRGBA(image.Rect(0, 0, 96, 64)), nil); err != nil {
		t.Fatal(err)
	}
	var told []string
	choices := Choices{Warn: func(s string) { told = append(told, s) }, Thumbnail: func(name string) (Picture, bool) {
		return Picture{b.Bytes(), 96, 64}, name != "gone"
	}}
	want := []note{{Head: Head{"a"}, Text: "x"}, {Head: Head{"gone"}, Text: "y"}, {Head: Head{"c"}, Text: "z"}}
	data := sheetOf(t, choices, want)
	if got, err := rowsOf(data); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
	if len(told) != 1 || !strings.Contains(told[0], "1 row is without a thumbnail") {
		t.Errorf("told %q", told)
	}
	for range 10 {
		if !bytes.Equal(sheetOf(t, choices, want), data) {
			t.Fatal("the same rows are other bytes")
		}
	}
	book, err := excelize.OpenReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	defer book.Close()
	for cell, n := range map[string]int{"A2": 1, "A3": 0, "A4": 1} {
		if pictures, err := book.GetPictures("rows", cell); err != nil || len(pictures) != n {
			t.Errorf("%s has %d pictures, %v", cell, len(pictures), err)
		}
	}
}

// TestStrangeBooks: what is no workbook of rows is refused.
func TestStrangeBooks(t *testing.T) {
	other := func(sheet string, cells ...any) []byte {
		book := excelize.NewFile()
		defer book.Close()
		if err := book.SetSheetName("Sheet1", sheet); err != nil {
			t.Fatal(err)
		}
		if err := book.SetSheetRow(sheet, "A1", &cells); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := book.Write(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	whole := sheetOf(t, Choices{}, []note{{Head: Head{"a"}, Text: "x"}})
	for want, data := range map[string][]byte{
		"no sheet": other("Sheet1", "input"), "columns": other("rows", "input", "text"), "begin with": other("rows"), "no workbook": whole[:len(whole)/2], "it is no": nil,
	} {
		if _, err := rowsOf(data); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
