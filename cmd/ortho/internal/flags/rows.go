package flags

import (
	"cmp"
	"strconv"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
)

// Rows say where the rows of a run go.
type Rows struct {
	File   string // "", "-": standard output
	Format string // one of [output.Formats], or [output.EscapedCSV]
	Mode   record.Mode
}

func (*Rows) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Aliases: []string{"f"}, Category: out, DefaultText: "by the ending of -o: .jsonl, .csv, .parquet, .txt for a table; without one a table on a terminal, jsonl otherwise", Usage: "`FORMAT`: table, jsonl, csv or parquet"},
		&cli.StringFlag{Name: "output", Aliases: []string{"o"}, Category: out, Usage: "write to `FILE`, which appears when it is complete; until then its rows are in FILE.partial, and FILE.run.json tells how they were made"},
		&cli.BoolFlag{Name: "escape-formulas", Category: out, Usage: EscapeUsage},
		&cli.BoolFlag{Name: "overwrite", Category: out, Usage: "replace an existing output file"},
		&cli.BoolFlag{Name: "resume", Category: out, Usage: "continue FILE where a run that was interrupted ended; start where none was, do nothing where FILE is complete"},
		&cli.BoolFlag{Name: "retry-failed", Category: out, Usage: "as --resume, and redo what failed, also those of a complete FILE"},
	}
}

func (r *Rows) Read(c *Call) (err error) {
	r.File = c.line.String("output")
	if c.Given("output") && r.File == "" {
		return commandline.Usagef("--output names no file (- is standard output)")
	}
	terminal := !r.ToFile() && term.IsTerminal(c.Out)
	if r.Format, err = output.Format(c.line.String("format"), r.File, terminal); err != nil {
		return commandline.Usage(err)
	}
	if r.Format == "parquet" && terminal {
		return commandline.Usagef("Parquet is no text for a terminal: give -o FILE, or redirect standard output")
	}
	if c.line.Bool("escape-formulas") {
		if r.Format != "csv" {
			return commandline.Usagef("--escape-formulas is of CSV, and the rows are written as %s", r.Format)
		}
		r.Format = output.EscapedCSV
	}
	r.Mode, err = mode(c)
	return err
}

// EscapeUsage is the help of --escape-formulas.
const EscapeUsage = "CSV for a spreadsheet: an apostrophe before texts that begin with =, +, -, @, a tab or a carriage return, which it would compute"

// ToFile reports whether the rows go to what has a name: a file, a device or a pipe.
func (r *Rows) ToFile() bool { return r.File != "" && r.File != "-" }

// Raw reports whether the format has a place for raw outputs.
func (r *Rows) Raw() bool { return r.Format == "jsonl" || r.Format == "parquet" }

// Overwrites reports whether what is there is replaced.
func (r *Rows) Overwrites() bool { return r.Mode == record.Overwrite }

// Resumes reports whether the run goes on with what an earlier one has left.
func (r *Rows) Resumes() bool { return r.Mode == record.Resume || r.Mode == record.RetryFailed }

// mode reads --overwrite, --resume and --retry-failed.
func mode(c *Call) (record.Mode, error) {
	overwrite, resume, retry := c.line.Bool("overwrite"), c.line.Bool("resume"), c.line.Bool("retry-failed")
	switch {
	case overwrite && (resume || retry):
		return 0, commandline.Usagef("--overwrite starts anew, --resume and --retry-failed go on with what is there: give one of them")
	case overwrite:
		return record.Overwrite, nil
	case retry:
		return record.RetryFailed, nil
	case resume:
		return record.Resume, nil
	}
	return record.Fresh, nil
}

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
		&cli.BoolFlag{Name: "logits", Category: out, Usage: "add all raw outputs to each row (JSONL, Parquet)"},
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
	switch mode := c.line.String("progress"); mode {
	case "auto":
		p.Shown = term.IsTerminal(c.Err)
	case "always", "never":
		p.Shown, p.Quiet = mode == "always", mode == "never"
	default:
		return commandline.Usagef("--progress %q is not one of auto, always, never", mode)
	}
	return nil
}
