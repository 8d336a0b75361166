package commandline

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// Manual calls write with each manual page of the program and of its commands, under the name of its
// file: "ortho-bench-run.1". They hold no time: the same program has the same pages. An error of write ends it.
//
// The macros are those of man(7), which groff and mandoc know alike.
func Manual(app *cli.App, version string, write func(name, page string) error) error {
	return writeManual(appPage(app), nil, app.Name+" "+version, write)
}

func writeManual(p page, above []string, version string, write func(name, page string) error) error {
	if err := write(manualName(p.name)+".1", manual(p, above, version)); err != nil {
		return err
	}
	for _, c := range p.commands {
		if err := writeManual(pageOf(p.name, c), append(above[:len(above):len(above)], p.name), version, write); err != nil {
			return err
		}
	}
	return nil
}

// manualName is what a command's page is asked for by: man ortho-bench-run.
func manualName(command string) string { return strings.ReplaceAll(command, " ", "-") }

// manual is one page. above are the commands that it stands below.
func manual(p page, above []string, version string) string {
	var b strings.Builder
	title := manualName(p.name)
	fmt.Fprintf(&b, ".TH %s 1 \"\" \"%s\" \"Commands\"\n", strings.ToUpper(roff(title)), roff(version))
	fmt.Fprintf(&b, ".SH NAME\n%s \\- %s\n", roff(title), inline(p.about))
	fmt.Fprintf(&b, ".SH SYNOPSIS\n.B %s\n", roff(p.name))
	if rest := strings.TrimSpace(strings.TrimPrefix(p.usage(), p.name)); rest != "" {
		fmt.Fprintln(&b, line(roff(rest)))
	}
	if len(p.examples) > 0 {
		fmt.Fprintf(&b, ".SH EXAMPLES\n%s", literal(strings.Split(strings.TrimSpace(exampleComments(p.examples)), "\n")))
	}
	if p.text != "" {
		fmt.Fprintf(&b, ".SH DESCRIPTION\n%s", paragraphs(p.text))
	}
	if len(p.commands) > 0 {
		fmt.Fprintln(&b, ".SH COMMANDS")
		for _, c := range p.commands {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(c.Name), line(inline(c.Usage)))
		}
	}
	if len(p.groups) > 0 {
		fmt.Fprintln(&b, ".SH OPTIONS")
	}
	for _, g := range p.groups {
		if len(p.groups) > 1 {
			fmt.Fprintf(&b, ".SS %s\n", roff(g.title))
		}
		for _, f := range g.flags {
			fmt.Fprintf(&b, ".TP\n.B %s\n%s\n", roff(f.names), line(inline(f.meaning)))
		}
	}
	var also []string
	for _, name := range above {
		also = append(also, fmt.Sprintf(".BR %s (1)", roff(manualName(name))))
	}
	for _, c := range p.commands {
		also = append(also, fmt.Sprintf(".BR %s (1)", roff(manualName(p.name+" "+c.Name))))
	}
	if len(also) > 0 {
		fmt.Fprintf(&b, ".SH SEE ALSO\n%s\n", strings.Join(also, " ,\n"))
	}
	return b.String()
}

// paragraphs are those of a text, whose indented lines are taken as they stand.
func paragraphs(text string) string {
	var b strings.Builder
	var block []string
	begun := false
	end := func() {
		if len(block) > 0 {
			b.WriteString(literal(block))
			block = nil
		}
	}
	for text := range strings.SplitSeq(text, "\n") {
		switch {
		case strings.HasPrefix(text, " "):
			if len(block) == 0 && b.Len() > 0 {
				fmt.Fprintln(&b, ".PP")
			}
			block = append(block, strings.TrimPrefix(text, "  "))
		case text == "":
			end()
			begun = false
		default:
			end()
			if !begun && b.Len() > 0 {
				fmt.Fprintln(&b, ".PP")
			}
			begun = true
			fmt.Fprintln(&b, line(inline(text)))
		}
	}
	end()
	return b.String()
}

// literal are lines that are not filled.
func literal(lines []string) string {
	var b strings.Builder
	fmt.Fprint(&b, ".RS 4\n.nf\n")
	for _, text := range lines {
		fmt.Fprintln(&b, line(roff(text)))
	}
	fmt.Fprint(&b, ".fi\n.RE\n")
	return b.String()
}

// inline is a text in which `words` that are typed are bold.
func inline(text string) string {
	var b strings.Builder
	for i, part := range strings.Split(text, "`") {
		if i%2 == 1 {
			part = `\fB` + roff(part) + `\fR`
		} else {
			part = roff(part)
		}
		b.WriteString(part)
	}
	return b.String()
}

// line keeps the beginning of a line from being a request.
func line(text string) string {
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}

// roff escapes a text. A dash is the one that is typed.
func roff(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\\':
			b.WriteString(`\e`)
		case r == '-':
			b.WriteString(`\-`)
		case r == '"': // which would end the argument of a macro
			b.WriteString(`\(dq`)
		case r == '\'' || r == '`' || r == '^' || r == '~':
			b.WriteString(map[rune]string{'\'': `\(aq`, '`': `\(ga`, '^': `\(ha`, '~': `\(ti`}[r])
		case r > '~':
			fmt.Fprintf(&b, `\[u%04X]`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}
