package report

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"

	"ortho/cmd/ortho/internal/output"
)

type grid struct{}

func (grid) Dims() (c, r int)   { return 3, 3 }
func (grid) Z(c, r int) float64 { return float64(c * r) }
func (grid) X(c int) float64    { return float64(c) }
func (grid) Y(r int) float64    { return float64(r) }

const hostile = `<script>alert("x")</script> & | * [a](javascript:x) ` + "`'\"\x00\xff\n\\"

// hostilePage has every block, with texts that no report should believe.
func hostilePage(t *testing.T) *Page {
	t.Helper()
	p := NewPlot(hostile, "y")
	scatter, err := plotter.NewScatter(plotter.XYs{{X: 1, Y: 2}, {X: 3, Y: 4}})
	if err != nil {
		t.Fatal(err)
	}
	scatter.Color = Color(0)
	p.Add(Grid(), plotter.NewHeatMap(grid{}, Shades(9)), scatter, Labels(scatter.XYs, []string{hostile, "b"}))
	return &Page{Title: hostile, Subtitle: hostile, By: hostile, Sections: []Section{
		{"One " + hostile, []Block{
			Text(hostile), List{hostile}, Notice{Best, hostile, hostile}, Command(hostile), Facts{{hostile, hostile, hostile}},
			Table{hostile, []Column{{hostile, hostile, false}, {"n", "", true}}, []Row{{Best, []Cell{{hostile, hostile, hostile, Bad}, {"1", "", "", Plain}}}}},
		}},
		{"Two", []Block{Figure{Title: hostile, Note: hostile, Desc: hostile, Plot: p, Keys: []Key{{hostile, []plot.Thumbnailer{scatter}}},
			Hints: []Hint{{1, 2, 0, 0, hostile}, {1, 2, 1, 1, hostile}}}}},
		{"Three", []Block{Fold{hostile, []Block{Text("within")}}, HTML("<b>own</b>")}},
	}}
}

func TestHTMLEscapes(t *testing.T) {
	var b bytes.Buffer
	if err := hostilePage(t).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	if n := strings.Count(page, "<script"); n != 1 {
		t.Errorf("%d scripts, want the page's own alone", n)
	}
	for _, want := range []string{"default-src &#39;none&#39;", "<b>own</b>", "within", `class="hint"`, "prefers-color-scheme: dark", "aria-label"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, out := range regexp.MustCompile(`(?i)(?:src|href|url)\s*[=(]\s*["']?([^"'\s>]*)`).FindAllStringSubmatch(page, -1) {
		if !strings.HasPrefix(out[1], "#") && !strings.HasPrefix(out[1], "data:") {
			t.Errorf("the page refers to %q", out[1])
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("html/template refused a value")
	}
}

func TestMarkdownEscapes(t *testing.T) {
	text := hostilePage(t).Markdown()
	if out := regexp.MustCompile("(?s)```.*?```\n").ReplaceAllString(text, ""); strings.Contains(out, "<script") {
		t.Error("markup outside of code:", out)
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "|") {
			if n := len(regexp.MustCompile(`(^|[^\\])\|`).FindAllString(line, -1)); n != 3 {
				t.Errorf("%d bars in %q, want 3", n, line)
			}
		}
	}
	if strings.Contains(text, "Two") {
		t.Error("a section of figures alone has a headline")
	}
}

// TestScriptRuns: the policy allows the script by the digest of what stands in the page.
func TestScriptRuns(t *testing.T) {
	var b bytes.Buffer
	if err := (&Page{Title: "x"}).WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	_, script, _ := strings.Cut(b.String(), "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	if script != pageScript {
		t.Errorf("the script in the page is not what the policy's digest is of:\n%s", script)
	}
}

func TestFigureRefuses(t *testing.T) {
	p := NewPlot("x", "y")
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{}
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: 2}})
	if err != nil {
		t.Fatal(err)
	}
	p.Add(line)
	if _, err := (Figure{Title: "t", Plot: p}).SVG(); err == nil || !strings.Contains(err.Error(), "draw a plot") {
		t.Errorf("a logarithm of 0 gives %v", err)
	}
}

func TestFigureColors(t *testing.T) {
	line, err := plotter.NewLine(plotter.XYs{{X: 0, Y: 1}, {X: 1, Y: math.Pi}})
	if err != nil {
		t.Fatal(err)
	}
	line.Color = Color(5)
	p := NewPlot("x", "y")
	p.Add(Grid(), line)
	svg, err := Figure{Title: "t", Desc: "d", Plot: p}.SVG()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"stroke:var(--s6,#D55E00)", "stroke:currentColor", "<desc>d</desc>", `viewBox="0 0 520 320"`} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("no %s", want)
		}
	}
	for _, other := range []string{"#000000", "#FFFFFF", "font-family:", "xlink"} {
		if strings.Contains(string(svg), other) {
			t.Errorf("%s is left", other)
		}
	}
}

func TestSave(t *testing.T) {
	name := filepath.Join(t.TempDir(), "r.html")
	p := &Page{Title: "x"}
	if err := p.Save(t.Context(), output.Protect(), name, false); err != nil {
		t.Fatal(err)
	}
	if err := p.Save(t.Context(), output.Protect(), name, false); err == nil {
		t.Error("an existing file was replaced")
	}
	p.Sections = []Section{{"bad", []Block{Figure{Title: "No plot", Plot: nil}, Text("more")}}}
	if err := p.Save(t.Context(), output.Protect(), name, true); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(name)
	if err != nil || !strings.Contains(string(text), "No plot is missing:") || !strings.Contains(string(text), "<p>more</p>") {
		t.Errorf("a figure that can't be drawn costs more than itself: %v\n%s", err, text)
	}
	if _, err := os.Stat(name + ".partial"); err == nil {
		t.Error("a half-written file was left")
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 100, "0 20 40 60 80 100"},
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{-1, 1, "-1.0 -0.5 0.0 0.5 1.0"},
		{5.2, 15.9, "6 8 10 12 14"},
		{0, 0.013, "0.000 0.002 0.004 0.006 0.008 0.010 0.012"},
		{0, 237, "0 50 100 150 200"},
		{1e300, math.Nextafter(1e300, math.Inf(1)), "1e+300"},
		{0, math.SmallestNonzeroFloat64, "0"},
		{1, 1, ""},
		{math.Inf(-1), math.Inf(1), ""},
		{math.NaN(), 1, ""},
	} {
		var labels []string
		for _, tick := range ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("from %g to %g: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}
