package report

import (
	"bytes"
	"fmt"
	"html"
	"html/template"
	"image/color"
	"math"
	"regexp"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// Figure is a plot, drawn as SVG within the page. Its black is the page's colour of
// text, dark or light; Colors fit both.
type Figure struct {
	Title string
	Note  string // what is to be seen, or how it was made
	Desc  string // says in words what the plot shows, for those who can't see it
	Plot  *plot.Plot
	Keys  []Key  // the legend, above the plot, where it hides nothing
	Hints []Hint // shown where the mouse rests
	Wide  bool   // takes the page's whole width
	// Height in points: a figure is 520 points wide, a wide one 860. 0 is 320.
	Height vg.Length
}

// Key is an entry of a figure's legend. plotter's lines, scatters and bar charts are
// such thumbnails.
type Key struct {
	Name   string
	Thumbs []plot.Thumbnailer
}

// Hint is a text for a place of a plot, in the plot's coordinates: a point, or a
// rectangle about it where W or H, its width and height, are not 0.
type Hint struct {
	X, Y, W, H float64
	Text       string
}

// Colors are those of Okabe and Ito (2008), "Color universal design", which people
// with any colour vision can distinguish; grey takes the place of their black, which is
// the axes' colour, and yellow, which is hard to see on white, is last.
var Colors = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, // blue
	color.RGBA{0xe6, 0x9f, 0x00, 0xff}, // orange
	color.RGBA{0x00, 0x9e, 0x73, 0xff}, // green
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, // purple
	color.RGBA{0x6b, 0x73, 0x7c, 0xff}, // grey
	color.RGBA{0xd5, 0x5e, 0x00, 0xff}, // vermilion
	color.RGBA{0x56, 0xb4, 0xe9, 0xff}, // sky
	color.RGBA{0xf0, 0xe4, 0x42, 0xff}, // yellow
}

// Color is the i-th of Colors, which begin anew after the last.
func Color(i int) color.Color { return Colors[i%len(Colors)] }

// Ink is the page's colour of text at an opacity between 0 and 1.
func Ink(opacity float64) color.Color { return color.NRGBA{A: uint8(255 * opacity)} }

// Paper is the page's background.
var Paper color.Color = color.RGBA{0xfe, 0xfe, 0xfe, 0xff}

// Shades is a palette for heat maps: n blues from nearly clear to nearly opaque, on
// which Ink can be read, on a dark page too.
func Shades(n int) palette.Palette {
	shades := make(shades, n)
	for i := range shades {
		shades[i] = color.NRGBA{0x1f, 0x85, 0xd0, uint8(10 + 190*i/max(n-1, 1))}
	}
	return shades
}

type shades []color.Color

func (s shades) Colors() []color.Color { return s }

// NewPlot is an empty plot with labelled axes in the page's style.
func NewPlot(x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = nil
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Label.TextStyle.Font = textFont(11)
		axis.Tick.Label.Font = textFont(10)
		axis.Label.Padding = 4
		axis.Tick.Marker = plot.TickerFunc(ticks)
		axis.LineStyle.Color = Ink(0.5)
		axis.Tick.LineStyle.Color = Ink(0.5)
	}
	p.X.Label.Text, p.Y.Label.Text = x, y
	return p
}

// ticks are five or so round numbers, where gonum's own are three.
func ticks(low, high float64) []plot.Tick {
	if !(high > low) || math.IsInf(high-low, 0) {
		return nil
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, factor := range []float64{5, 2} {
		if (high-low)/(step*factor) >= 4 {
			step *= factor
			break
		}
	}
	if first := low / step; math.Abs(first) > 1e9 || step == 0 { // the difference is too small for ticks
		return []plot.Tick{{Value: low, Label: strconv.FormatFloat(low, 'g', 4, 64)}}
	}
	decimals := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i <= high/step+1e-9; i++ {
		v := i * step
		if v == 0 {
			v = 0 // no -0
		}
		ticks = append(ticks, plot.Tick{Value: v, Label: strconv.FormatFloat(v, 'f', decimals, 64)})
	}
	return ticks
}

// Grid is a grid in the page's style, to be added before what it lies behind.
func Grid() *plotter.Grid {
	line := draw.LineStyle{Color: Ink(0.12), Width: 0.5}
	return &plotter.Grid{Vertical: line, Horizontal: line}
}

// Labels are texts beside points of a plot, in the page's style.
func Labels(at plotter.XYs, texts []string) *plotter.Labels {
	l := &plotter.Labels{XYs: at, Labels: texts, TextStyle: make([]text.Style, len(texts))}
	for i := range l.TextStyle {
		l.TextStyle[i] = text.Style{Color: color.Black, Font: textFont(10), Handler: plot.DefaultTextHandler}
	}
	return l
}

func textFont(size vg.Length) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
}

func (f Figure) html() (template.HTML, error) {
	type key struct {
		Name   string
		Swatch template.HTML
	}
	view := struct {
		Title, Note string
		Wide        bool
		Keys        []key
		Drawing     template.HTML
	}{Title: f.Title, Note: f.Note, Wide: f.Wide}
	for _, k := range f.Keys {
		swatch, err := f.swatch(k)
		if err != nil {
			return f.undrawn(err)
		}
		view.Keys = append(view.Keys, key{k.Name, swatch})
	}
	drawing, err := f.SVG()
	if err != nil {
		return f.undrawn(err)
	}
	view.Drawing = drawing
	return render("figure", view)
}

// undrawn takes a figure's place: a report, which took long to measure, is not lost because a
// figure can't be drawn.
func (f Figure) undrawn(err error) (template.HTML, error) {
	return render("notice", Notice{Bad, f.Title + " is missing:", err.Error()})
}

func (Figure) markdown(*strings.Builder) {}

// SVG draws the plot alone. A plot that can't be drawn, as one with a logarithmic axis
// from 0, is an error.
func (f Figure) SVG() (svg template.HTML, err error) {
	w, h := vg.Length(520), f.Height
	if f.Wide {
		w = 860
	}
	if h == 0 {
		h = 320
	}
	return svgOf(w, h, fmt.Sprintf(`role="img" aria-label="%s"`, html.EscapeString(f.Title)), f.Desc, func(c draw.Canvas) string {
		f.Plot.Draw(c)
		return f.hints(c, h)
	})
}

func (f Figure) swatch(k Key) (template.HTML, error) {
	return svgOf(22, 12, `aria-hidden="true"`, "", func(c draw.Canvas) string {
		for _, t := range k.Thumbs {
			t.Thumbnail(&c)
		}
		return ""
	})
}

// hints are clear shapes over the plot with a title each. SVG counts y from the top.
func (f Figure) hints(c draw.Canvas, height vg.Length) string {
	var b strings.Builder
	data := f.Plot.DataCanvas(c)
	x, y := f.Plot.Transforms(&data)
	for _, h := range f.Hints {
		title := "<title>" + html.EscapeString(h.Text) + "</title>"
		if h.W == 0 && h.H == 0 {
			fmt.Fprintf(&b, `<circle class="hint" cx="%.5g" cy="%.5g" r="7">%s</circle>`+"\n", x(h.X).Points(), (height - y(h.Y)).Points(), title)
			continue
		}
		left, right, low, high := x(h.X-h.W/2), x(h.X+h.W/2), y(h.Y-h.H/2), y(h.Y+h.H/2)
		fmt.Fprintf(&b, `<rect class="hint" x="%.5g" y="%.5g" width="%.5g" height="%.5g">%s</rect>`+"\n",
			left.Points(), (height - high).Points(), (right - left).Points(), (high - low).Points(), title)
	}
	return b.String()
}

// svgOf renders what paint draws, and the SVG that it returns, as one SVG.
func svgOf(w, h vg.Length, attributes, desc string, paint func(draw.Canvas) string) (svg template.HTML, err error) {
	defer func() {
		if r := recover(); r != nil { // gonum/plot's only way to refuse values
			svg, err = "", fmt.Errorf("draw a plot: %v", r)
		}
	}()
	canvas := vgsvg.New(w, h)
	over := paint(draw.New(canvas))
	var b bytes.Buffer
	if _, err := canvas.WriteTo(&b); err != nil {
		return "", fmt.Errorf("draw a plot: %w", err)
	}
	_, body, _ := strings.Cut(b.String(), "<svg ")
	_, body, _ = strings.Cut(body, ">\n")
	body, ok := strings.CutSuffix(strings.TrimSpace(body), "</svg>")
	if !ok {
		return "", fmt.Errorf("draw a plot: vgsvg wrote no document")
	}
	if desc != "" {
		desc = "<desc>" + html.EscapeString(desc) + "</desc>\n"
	}
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %g %g" %s fill="currentColor" font-family="Arial, Helvetica, 'Liberation Sans', sans-serif">`+"\n%s%s%s</svg>",
		w.Points(), h.Points(), attributes, desc, texts.ReplaceAllStringFunc(themed.Replace(body), fitted), over)), nil
}

// texts are vgsvg's, whose fonts are the page's.
var texts = regexp.MustCompile(`(<text [^>]*?)style="font-family:[^;"]*;font-variant:[^;"]*;font-weight:normal;font-style:normal;font-size:([0-9.]+)px([^"]*)">([^<]*)`)

// fitted gives a text the width that the plot was laid out with: the reader's font may
// be a wider one.
func fitted(element string) string {
	m := texts.FindStringSubmatch(element)
	size, err := strconv.ParseFloat(m[2], 64)
	if err != nil || m[4] == "" {
		return element
	}
	face := font.DefaultCache.Lookup(textFont(0), vg.Length(size))
	return fmt.Sprintf(`%sstyle="font-size:%spx%s" textLength="%.4g" lengthAdjust="spacingAndGlyphs">%s`, m[1], m[2], m[3], face.Width(html.UnescapeString(m[4])).Points(), m[4])
}

var (
	// themed leaves colours to the page: vgsvg writes no fill that is black, so that the
	// root's stands.
	themed = func() *strings.Replacer {
		pairs := []string{"stroke:#000000", "stroke:currentColor", "data:image/jpg;", "data:image/png;", "xlink:href", "href",
			"fill:#FEFEFE", "fill:var(--page,#FEFEFE)", "stroke:#FEFEFE", "stroke:var(--page,#FEFEFE)"}
		for i, c := range Colors {
			r, g, b, _ := c.RGBA()
			hex := fmt.Sprintf("#%02X%02X%02X", r>>8, g>>8, b>>8)
			pairs = append(pairs, "fill:"+hex, fmt.Sprintf("fill:var(--s%d,%s)", i+1, hex), "stroke:"+hex, fmt.Sprintf("stroke:var(--s%d,%s)", i+1, hex))
		}
		return strings.NewReplacer(pairs...)
	}()
)
