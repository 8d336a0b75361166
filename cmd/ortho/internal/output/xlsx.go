package output

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"sort"
	"strconv"
	"unicode/utf16"

	"github.com/xuri/excelize/v2"

	"ortho/cmd/ortho/internal/scratch"
	"ortho/cmd/ortho/internal/term"
)

// What a sheet holds, by ECMA-376 and Excel: rows beyond go to another sheet, texts beyond are cut,
// which ends them with cutMark.
const (
	maxSheetRows    = excelize.TotalRows
	maxSheetColumns = excelize.MaxColumns
	maxCell         = excelize.TotalCellChars // UTF-16 code units
	cutMark         = "… (cut)"
)

// Pictures of a workbook are held in memory until it is complete: the first of its rows have one.
const (
	maxPictures     = 5000
	maxPictureBytes = 64 << 20
)

// PictureEdge is the longer side of a thumbnail in a sheet, in pixels.
const PictureEdge = 96

// Picture is a thumbnail, a JPEG.
type Picture struct {
	JPEG          []byte
	Width, Height int // pixels
}

// pictureColumn is the header of the column of thumbnails, before all others.
const pictureColumn = "picture"

// sheetName is that of a workbook's nth sheet, from 1.
func sheetName(n int) string {
	if n == 1 {
		return "rows"
	}
	return fmt.Sprintf("rows %d", n)
}

// sheet writes a workbook: a record for each row below a header that stays in sight and filters.
// Numbers are numbers, and texts are texts whatever they look like: formulas, dates, numbers with
// zeros. It is written to w by Close; until then its rows are in memory, or where they are
// many in a temporary file.
type sheet[R Row] struct {
	*CSV[R]
	choices Choices
	w       io.Writer
	columns []string
	number  []bool

	folder *scratch.Folder // nil: nothing is written yet
	book   *excelize.File
	stream *excelize.StreamWriter
	bold   int // style of the header
	middle int // of cells beside a picture
	sheets int
	rows   int // of the sheet, its header among them

	pictures, bytes int
	without         int64 // rows that got no picture
	cut             int64 // texts
	firstCut        string
}

func newSheet[R Row](c *CSV[R], w io.Writer, choices Choices) *sheet[R] {
	s := &sheet[R]{CSV: c, w: w, choices: choices, columns: c.columns()}
	for _, column := range s.columns {
		s.number = append(s.number, c.Number != nil && c.Number(column))
	}
	return s
}

func (s *sheet[R]) Write(row R) error {
	if err := check(row); err != nil {
		return err
	}
	if err := s.begin(); err != nil {
		return err
	}
	var failed error
	err := s.records(row, func(head Head, fields []string, err Error) {
		failed = errors.Join(failed, s.record(head, fields, err))
	})
	return errors.Join(err, failed)
}

// begin makes the workbook, and the next sheet where one is full.
func (s *sheet[R]) begin() (err error) {
	if s.book == nil {
		if s.folder, err = scratch.New("sheet"); err != nil {
			return err
		}
		s.book = excelize.NewFile(excelize.Options{TmpDir: s.folder.Path})
		if s.bold, err = s.book.NewStyle(&excelize.Style{Font: &excelize.Font{Bold: true}}); err == nil {
			s.middle, err = s.book.NewStyle(&excelize.Style{Alignment: &excelize.Alignment{Vertical: "center"}})
		}
		if err != nil {
			return err
		}
	}
	if s.stream != nil && s.rows < maxSheetRows {
		return nil
	}
	if err := s.end(); err != nil {
		return err
	}
	return s.head()
}

// head begins a sheet.
func (s *sheet[R]) head() (err error) {
	s.sheets++
	name := sheetName(s.sheets)
	if s.sheets == 1 {
		err = s.book.SetSheetName("Sheet1", name)
	} else {
		_, err = s.book.NewSheet(name)
	}
	if err == nil {
		s.stream, err = s.book.NewStreamWriter(name)
	}
	if err != nil {
		return err
	}
	names := s.columns
	if s.choices.Thumbnail != nil {
		names = append([]string{pictureColumn}, names...)
	}
	header := make([]any, len(names))
	for i, name := range names {
		header[i] = name
		if err := s.stream.SetColWidth(i+1, i+1, columnWidth(name, s.Number)); err != nil {
			return err
		}
	}
	// The header and the inputs' names stay in sight.
	first := len(names) - len(s.columns) + 1
	corner, err := excelize.CoordinatesToCellName(first+1, 2)
	if err == nil {
		err = s.stream.SetPanes(&excelize.Panes{Freeze: true, XSplit: first, YSplit: 1, TopLeftCell: corner, ActivePane: "bottomRight"})
	}
	if err == nil {
		err = s.stream.SetRow("A1", header, excelize.RowOpts{StyleID: s.bold})
	}
	s.rows = 1
	return err
}

var narrow = regexp.MustCompile(`^(rank|index\d*|width|height|tokens|cached|error_kind)$`)

// columnWidth is about the characters that a column shows: of names and texts many, of numbers few.
func columnWidth(column string, number func(string) bool) float64 {
	switch {
	case column == pictureColumn:
		return PictureEdge/7. + 1 // a character is about 7 pixels wide
	case narrow.MatchString(column), number != nil && number(column):
		return 11
	case column == "input", column == "error", column == "sentence":
		return 48
	}
	return 24
}

func (s *sheet[R]) record(head Head, fields []string, err Error) error {
	name, bytes := head.UTF8()
	texts := append(append([]string{name}, fields...), err.Kind, err.Message, base64.StdEncoding.EncodeToString(bytes))
	s.rows++
	cells := make([]any, 0, len(texts)+1)
	var row []excelize.RowOpts
	if s.choices.Thumbnail != nil {
		cells = append(cells, nil)
		if err := s.picture(head.Input); err != nil {
			return err
		}
	}
	for i, text := range texts {
		cells = append(cells, s.cell(text, s.number[i], head.Input))
	}
	if s.choices.Thumbnail != nil {
		row = append(row, excelize.RowOpts{Height: PictureEdge*3/4. + 2}) // points
		for i, cell := range cells {
			cells[i] = excelize.Cell{StyleID: s.middle, Value: cell}
		}
	}
	cell, failed := excelize.CoordinatesToCellName(1, s.rows)
	if failed != nil {
		return failed
	}
	return s.stream.SetRow(cell, cells, row...)
}

// cell is a number, or a text; nil is an empty cell.
func (s *sheet[R]) cell(text string, number bool, of string) any {
	if text == "" {
		return nil
	}
	if number {
		if n, err := strconv.ParseFloat(text, 64); err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) {
			return n
		}
	}
	text, cut := cellText(text)
	if cut {
		if s.cut++; s.cut == 1 {
			s.firstCut = of
		}
	}
	return text
}

// special are characters that XML can't hold, what would be taken for the escape of one, and what
// Excel takes for one (ECMA-376, 22.9.2.19: _x001B_).
var special = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x{fffe}\x{ffff}]|\\x[0-9a-f]{2}|\\ufff[ef]|_x[0-9A-Fa-f]{4}`)

// cellText is a text as a cell shows it: of what XML can't hold it shows an escape, \x1b, as a terminal
// would, and it is cut where it is too long.
func cellText(text string) (shown string, cut bool) {
	text = special.ReplaceAllStringFunc(text, func(s string) string {
		if r := []rune(s)[0]; r >= 0xfffe {
			return fmt.Sprintf(`\u%04x`, r)
		} else {
			return fmt.Sprintf(`\x%02x`, r) + s[1:]
		}
	})
	if len(text) <= maxCell {
		return text, false
	}
	if units := utf16.Encode([]rune(text)); len(units) > maxCell {
		kept := units[:maxCell-len(utf16.Encode([]rune(cutMark)))]
		if last := kept[len(kept)-1]; last >= 0xd800 && last < 0xdc00 { // half of a character
			kept = kept[:len(kept)-1]
		}
		return string(utf16.Decode(kept)) + cutMark, true
	}
	return text, false
}

var escape = regexp.MustCompile(`\\x[0-9a-f]{2}|\\ufff[ef]`)

// uncell gives back what cellText was given.
func uncell(text string) string {
	return escape.ReplaceAllStringFunc(text, func(s string) string {
		n, _ := strconv.ParseUint(s[2:], 16, 16)
		return string(rune(n))
	})
}

// picture puts the thumbnail of a row's input into its first cell.
func (s *sheet[R]) picture(input string) error {
	if s.pictures >= maxPictures || s.bytes >= maxPictureBytes {
		s.without++
		return nil
	}
	picture, ok := s.choices.Thumbnail(input)
	if !ok {
		s.without++
		return nil
	}
	s.pictures++
	s.bytes += len(picture.JPEG)
	cell, err := excelize.CoordinatesToCellName(1, s.rows)
	if err != nil {
		return err
	}
	return s.book.AddPictureFromBytes(sheetName(s.sheets), cell, &excelize.Picture{Extension: ".jpg", File: picture.JPEG,
		Format: &excelize.GraphicOptions{AltText: term.UTF8(input), Positioning: "oneCell", OffsetX: 1, OffsetY: 1}})
}

// end completes a sheet: its header filters.
func (s *sheet[R]) end() error {
	if s.stream == nil {
		return nil
	}
	name := sheetName(s.sheets)
	last, err := excelize.CoordinatesToCellName(s.width(), max(s.rows, 2))
	if err == nil {
		err = s.book.AutoFilter(name, "A1:"+last, nil)
	}
	return errors.Join(err, s.stream.Flush())
}

// width is how many columns there are.
func (s *sheet[R]) width() int {
	if s.choices.Thumbnail != nil {
		return len(s.columns) + 1
	}
	return len(s.columns)
}

func (s *sheet[R]) Close() error {
	defer s.abandon()
	err := s.begin()
	if err == nil {
		err = s.end()
	}
	if err == nil {
		// The library has types of pictures in the order of a map: the same rows are to be the same bytes.
		types := s.book.ContentTypes.Defaults
		sort.SliceStable(types, func(i, j int) bool { return types[i].Extension < types[j].Extension })
		_, err = s.book.WriteTo(s.w)
	}
	if err == nil && s.choices.Warn != nil {
		s.tell(s.choices.Warn)
	}
	return err
}

// tell says what the workbook has not as it was given.
func (s *sheet[R]) tell(warn func(string)) {
	if s.sheets > 1 {
		warn(fmt.Sprintf("a sheet has %d rows at most: there are %d sheets, and programs may show the first alone", maxSheetRows, s.sheets))
	}
	if s.cut > 0 {
		warn(fmt.Sprintf("%s longer than a cell of a sheet may be (%d characters), and cut: the first is of %s; other formats keep them", isOrAre(s.cut, "text"), maxCell, term.UTF8(s.firstCut)))
	}
	if s.without > 0 {
		warn(fmt.Sprintf("%s without a thumbnail: no image file of that name could be read, or %d pictures (%d MiB) are there already", isOrAre(s.without, "row"), maxPictures, maxPictureBytes>>20))
	}
}

func isOrAre(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit + " is"
	}
	return fmt.Sprintf("%d %ss are", n, unit)
}

func (s *sheet[R]) abandon() {
	if s.book != nil {
		s.book.Close()
		s.book = nil
	}
	if s.folder != nil {
		s.folder.Remove()
		s.folder = nil
	}
}
