package flags

import (
	"cmp"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/store"
	"ortho/cmd/ortho/internal/term"
)

// Rows say where the rows of a run go.
type Rows struct {
	File   string // "", "-": standard output
	Format string // one of [output.Formats], or [output.Escaped] of one
	Earlier
	// ByDefault are flags that the user has set for all runs, with where, for the record.
	ByDefault record.Settings

	Own        []string // formats of the command alone
	Images     bool     // rows are of images: there is --thumbnails
	Thumbnails bool     // a sheet has small pictures
	Lists      int      // classes that wide and xlsx have columns for; 0: the rows are no lists
	Command    string   // whose rows they are
	Parts      string   // the folder that parts of a plan go to; "": the rows are of no plan
	Where      string   // which rows are kept; "": all. See package where
}

func (r *Rows) Flags() []cli.Flag {
	const out = "Output"
	formats := FormatUsage
	if len(r.Own) > 0 {
		formats += "; " + strings.Join(r.Own, ", ") + " of this command's rows"
	}
	all := []cli.Flag{
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of -o: .jsonl, .json, .csv, .tsv, .xlsx, .parquet, .npz, .npy, .txt for a table; without one a table on a terminal, jsonl otherwise", Usage: formats},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE` (or s3://... or gs://...), which appears when it is complete; until then its rows are in FILE.partial, and FILE.run.json tells how they were made"},
		&cli.BoolFlag{Name: "escape-formulas", Category: out, Usage: EscapeUsage},
		&cli.StringFlag{Name: "where", Category: out, DefaultText: "all", Usage: "keep the rows for which `EXPR` is true, and those of what failed; such as 'p > 0.8 && label in [\"cat\", \"dog\"]'"},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue FILE where a run that was interrupted ended; start where none was, do nothing where FILE is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo what failed, also those of a complete FILE"},
		&cli.BoolFlag{Name: "update", Category: out, Usage: "bring FILE up to date: do what is new, has changed (see --check-inputs) or failed, keep the other rows, drop those of inputs that are gone; start where no FILE is"},
		&cli.BoolFlag{Name: "keep-gone", Category: out, Usage: "with --update, keep the rows of inputs that are gone, behind all others"},
		recordFlag(),
	}
	if r.Images {
		all = append(all, Thumbnails)
	}
	return all
}

// FormatUsage is the help of --format.
const FormatUsage = "`FORMAT`: table, jsonl, json, csv, tsv, wide (CSV with a row an image), xlsx, parquet; npz or npy (embeddings)"

// Thumbnails is the flag of sheets with pictures.
var Thumbnails = &cli.BoolFlag{Name: "thumbnails", Category: "Output", Usage: "xlsx: put a small picture beside each row, of the first 5000 images"}

func (r *Rows) Read(c *Call) (err error) {
	r.File, r.ByDefault, r.Command = c.line.String("output"), c.byDefault, c.Command()
	if c.Given("output") && r.File == "" {
		return commandline.Usagef("--output names no file (- is standard output)")
	}
	if asked := c.line.String("format"); asked != "" {
		if err := commandline.OneOf("format", asked, slices.Concat(output.Formats, r.Own)...); err != nil {
			return err
		}
	}
	if c.has("plan") && c.Given("plan") {
		return r.parts(c)
	}
	terminal := !r.ToFile() && term.IsTerminal(c.Out)
	grows := c.has("watch") && c.line.Bool("watch") && !r.ToFile() // rows are there as they come
	terminal = terminal && !grows
	if r.Format, err = output.Format(c.line.String("format"), r.File, terminal); err != nil {
		return commandline.Usage(err)
	}
	if output.Binary(r.Format) && terminal {
		return commandline.Usagef("%s is no text for a terminal: give -o FILE, or redirect standard output", r.Format)
	}
	if grows && r.Format != "jsonl" && r.Format != "csv" {
		return commandline.Usagef("--format %s is complete at the end alone: with --watch give -f jsonl or csv, or a file with -o FILE", r.Format)
	}
	if c.line.Bool("escape-formulas") {
		if !output.Delimited(r.Format) {
			return commandline.Usagef("--escape-formulas is of CSV and its like, and the rows are written as %s", r.Format)
		}
		r.Format = output.Escaped(r.Format)
	}
	if r.Thumbnails = c.line.Bool("thumbnails"); r.Thumbnails && r.Format != "xlsx" {
		return commandline.Usagef("--thumbnails are of a spreadsheet (-f xlsx), and the rows are written as %s", r.Format)
	}
	if r.Lists = 0; c.has("top") {
		r.Lists = c.line.Int("top")
	}
	if r.Where = c.line.String("where"); c.Given("where") && r.Where == "" {
		return commandline.Usagef("--where is empty")
	}
	if err := r.Earlier.read(c); err != nil {
		return err
	}
	switch {
	case r.Mode == record.Update && !r.ToFile():
		return commandline.Usagef("only a file can be brought up to date: name it with -o FILE")
	case r.Mode == record.Update && r.Where != "":
		return commandline.Usagef("--update brings a file up to date that has the rows of all images, and --where leaves some out: filter what it has made in a run of its own")
	case r.Mode == record.Update && output.Once(r.Format):
		return commandline.Usagef("--update reads FILE back, which a %s can't be: give -f jsonl, csv or parquet", r.Format)
	}
	return nil
}

// parts reads where the rows of a plan's task go.
func (r *Rows) parts(c *Call) error {
	if !r.ToFile() {
		return commandline.Usagef("--plan makes parts: name the folder that they go to with -o FOLDER/")
	}
	if !strings.HasSuffix(r.File, "/") && !store.Remote(r.File) {
		if info, err := os.Stat(r.File); err != nil || !info.IsDir() {
			return commandline.Usagef("-o %s is no folder, which the parts of a plan go to: give -o %[1]s/, and -f FORMAT", r.File)
		}
	}
	for _, flag := range []string{"overwrite", "resume", "retry-failed", "update", "keep-gone", "record"} {
		if c.Given(flag) {
			return commandline.Usagef("--%s is of a run's own file: parts of a plan that are there are passed over in any case, and another output makes them anew", flag)
		}
	}
	r.Parts, r.Format = r.File, cmp.Or(c.line.String("format"), "jsonl")
	if output.Once(r.Format) {
		return commandline.Usagef("--format %s can't be read back, as parts of a plan are: give jsonl, csv, parquet, ...", r.Format)
	}
	if c.line.Bool("escape-formulas") {
		if !output.Delimited(r.Format) {
			return commandline.Usagef("--escape-formulas is of CSV and its like, and the rows are written as %s", r.Format)
		}
		r.Format = output.Escaped(r.Format)
	}
	if r.Lists = 0; c.has("top") {
		r.Lists = c.line.Int("top")
	}
	if r.Where = c.line.String("where"); c.Given("where") && r.Where == "" {
		return commandline.Usagef("--where is empty")
	}
	return nil
}

// LeavesRecord reports whether the record stays beside the complete file: what goes on from it later
// needs it. What can't be read back (a table) needs none: only a run that goes on finds there that it is complete.
func (r *Rows) LeavesRecord() bool {
	if r.Record == "auto" || r.Record == "" {
		return !output.Once(r.Format) || r.Resumes()
	}
	return r.Record == "always"
}

// EscapeUsage is the help of --escape-formulas.
const EscapeUsage = "CSV, tsv, wide for a spreadsheet: an apostrophe before texts that begin with =, +, -, @, a tab or a carriage return, which it would compute"

// ToFile reports whether the rows go to what has a name: a file, a device or a pipe.
func (r *Rows) ToFile() bool { return r.File != "" && r.File != "-" }

// Raw reports whether the format has a place for raw outputs.
func (r *Rows) Raw() bool { return output.Raw(r.Format) }

// Answers says which results of each image or text are given.
type Answers struct {
	Top            int
	MinProbability float64
	Logits         bool
}

func (*Answers) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.IntFlag{Name: "top", Aliases: []string{"k"}, Value: 5, Category: out, Usage: "the `N` most probable classes of each image or text"},
		&cli.Float64Flag{Name: "min-probability", Category: out, DefaultText: "none", Usage: "leave out classes below `P` (0 to 1)"},
		&cli.BoolFlag{Name: "logits", Category: out, Usage: "add all raw outputs to each row (JSON, Parquet)"},
	}
}

func (a *Answers) Read(c *Call) error {
	*a = Answers{Top: c.line.Int("top"), MinProbability: c.line.Float64("min-probability"), Logits: c.line.Bool("logits")}
	switch p := a.MinProbability; {
	case a.Top < 1:
		return commandline.Usagef("--top %d: at least 1", a.Top)
	case !(p >= 0 && p <= 1):
		return commandline.Usagef("--min-probability %v: from 0 to 1", p)
	}
	return nil
}

// Settings are those of the options that change rows.
func (a *Answers) Settings() record.Settings {
	return record.Settings{
		{Key: "top", Value: strconv.Itoa(a.Top)},
		{Key: "min-probability", Value: strconv.FormatFloat(a.MinProbability, 'g', -1, 64)},
		{Key: "logits", Value: strconv.FormatBool(a.Logits)},
	}
}

// Page is the page of --html.
type Page struct {
	Usage string // what is on it; "": images with their classes
	File  string // "": none
}

func (p *Page) Flags() []cli.Flag {
	return []cli.Flag{&cli.StringFlag{Name: "html", Category: "Output", Usage: cmp.Or(p.Usage, "also write a page to `FILE`, which shows the first images with their classes and needs no network")}}
}

func (p *Page) Read(c *Call) error {
	p.File = ""
	if !c.Given("html") {
		return nil
	}
	p.File = c.line.String("html")
	switch {
	case p.File == "" || p.File == "-":
		return commandline.Usagef("--html names no file")
	case p.File == c.line.String("output"):
		return commandline.Usagef("--output and --html name one file")
	}
	return Fits("html", p.File, output.HTML)
}

// Progress says whether a line of progress is shown.
type Progress struct {
	NoSummary bool // the command has no summary

	Shown bool
	Quiet bool // no summary either
}

func (p *Progress) Flags() []cli.Flag {
	usage := "`WHEN` progress is shown: auto (on a terminal), always or never"
	if !p.NoSummary {
		usage += " (and no summary at the end)"
	}
	return []cli.Flag{&cli.StringFlag{Name: "progress", Value: "auto", Category: "Output", Usage: usage}}
}

func (p *Progress) Read(c *Call) error {
	mode := c.line.String("progress")
	p.Shown, p.Quiet = mode == "always" || mode == "auto" && term.Moves(c.Err), mode == "never"
	return commandline.OneOf("progress", mode, "auto", "always", "never")
}
