package commandline

import (
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// tool is a small app that keeps what its command was given.
func tool(got *given) *cli.App {
	return &cli.App{
		Name: "tool", DisableSliceFlagSeparator: true, HideHelpCommand: true,
		Commands: []*cli.Command{
			{Name: "group", Subcommands: []*cli.Command{{Name: "sub", Flags: []cli.Flag{&cli.StringFlag{Name: "only"}}}}},
			{
				Name: "go", HideHelpCommand: true,
				Flags: []cli.Flag{
					&cli.IntFlag{Name: "top", Aliases: []string{"k"}},
					&cli.StringFlag{Name: "mean"},
					&cli.StringSliceFlag{Name: "each", Aliases: []string{"e"}},
					&cli.BoolFlag{Name: "quick", Aliases: []string{"q"}},
					&cli.BoolFlag{Name: "0"},
				},
				Action: func(c *cli.Context) error {
					*got = given{c.Int("top"), c.String("mean"), c.StringSlice("each"), c.Bool("quick"), c.Bool("0"), c.Args().Slice()}
					return nil
				},
			},
		},
	}
}

type given struct {
	top         int
	mean        string
	each        []string
	quick, zero bool
	args        []string
}

func (g given) equal(h given) bool {
	return g.top == h.top && g.mean == h.mean && g.quick == h.quick && g.zero == h.zero && slices.Equal(g.each, h.each) && slices.Equal(g.args, h.args)
}

func TestArrange(t *testing.T) {
	for line, want := range map[string]given{
		"go a b -k 3":                        {top: 3, args: []string{"a", "b"}},
		"go a --top=3 b":                     {top: 3, args: []string{"a", "b"}},
		"go a -k5 b":                         {top: 5, args: []string{"a", "b"}},
		"go a -k=5":                          {top: 5, args: []string{"a"}},
		"go -top 5 a":                        {top: 5, args: []string{"a"}},
		"go -k 1 a --top 2":                  {top: 2, args: []string{"a"}},
		"go a --mean -1,-2 b":                {mean: "-1,-2", args: []string{"a", "b"}},
		"go a --mean=-1=2":                   {mean: "-1=2", args: []string{"a"}},
		"go --mean -- a":                     {mean: "--", args: []string{"a"}},
		"go --mean -k a":                     {mean: "-k", args: []string{"a"}},
		"go a -e x,y --each z":               {each: []string{"x,y", "z"}, args: []string{"a"}},
		"go -q a,b.jpg -0":                   {quick: true, zero: true, args: []string{"a,b.jpg"}},
		"go a --quick=false b":               {args: []string{"a", "b"}},
		"go - -q":                            {quick: true, args: []string{"-"}},
		"go -q -- -k a -- b":                 {quick: true, args: []string{"-k", "a", "--", "b"}},
		"go a -- -q":                         {args: []string{"a", "-q"}},
		"go -- help":                         {args: []string{"help"}},
		"go group sub":                       {args: []string{"group", "sub"}},
		"go help h generate-bash-completion": {args: []string{"help", "h", "generate-bash-completion"}},
		"go":                                 {},
	} {
		var got given
		app := tool(&got)
		arranged, err := arrange(app, append([]string{"/usr/bin/tool"}, strings.Fields(line)...))
		if err == nil {
			err = app.Run(arranged.args)
		}
		if err != nil || !got.equal(want) {
			t.Errorf("%q: %+v, %v; want %+v", line, got, err, want)
		}
	}
}

func TestArrangeErrors(t *testing.T) {
	for line, want := range map[string]string{
		"og":              `no command "og"`,
		"group sbu":       `no command "sbu"; did you mean sub?`,
		"go --tpo 3":      "no flag --tpo; did you mean --top?",
		"go --mena=1":     "no flag --mena; did you mean --mean?",
		"go --nope":       "no flag --nope\x00",
		"go a -z":         "no flag -z",
		"go a -5":         "no flag -5",
		"go a --mean":     "flag --mean needs a value",
		"group --only":    "no flag --only",
		"-k 3 go":         "-k stands before the command: flags stand behind it, as in tool go -k",
		"go ---mean 3":    "no flag ---mean",
		"go a -=":         "no flag -",
		"group sub -only": "flag -only needs a value",
	} {
		got, err := arrange(tool(new(given)), append([]string{"tool"}, strings.Fields(line)...))
		if err == nil || !strings.HasPrefix(err.Error()+"\x00", want) {
			t.Errorf("%q: %q, %v; want %q", line, got.args, err, want)
		}
	}
}

func TestArrangeHelp(t *testing.T) {
	for line, want := range map[string]string{
		"":               "",
		"help":           "--help",
		"--help":         "--help",
		"help go":        "go --help",
		"go a --help":    "go --help",
		"go a -h -k 3":   "go --h",
		"-h":             "--h",
		"group help sub": "group sub --help",
		"help group sub": "group sub --help",
	} {
		got, err := arrange(tool(new(given)), append([]string{"tool"}, strings.Fields(line)...))
		if joined := strings.Join(got.args[1:], " "); err != nil || joined != want {
			t.Errorf("%q: %q, %v; want %q", line, joined, err, want)
		}
	}
}

// FuzzArrange mixes flags and arguments in any order: the command gets the same as
// with the flags first, and any other words give an answer, never a panic.
func FuzzArrange(f *testing.F) {
	f.Add("a\x00-k\x003", []byte{0, 1, 2, 3, 4, 5, 6, 7})
	f.Add("--\x00-\x00--=\x00-=\x00-é", []byte{7, 7, 0, 3, 1})
	f.Fuzz(func(t *testing.T, text string, order []byte) {
		arrange(tool(new(given)), strings.Split(text, "\x00"))

		var want, got given
		line := []string{"tool", "go"}
		operand := strings.TrimLeft(text, "-")
		for i, b := range order[:min(len(order), 50)] {
			switch b % 8 {
			case 0:
				line, want.top = append(line, "-k", "-7"), -7
			case 1:
				line, want.top = append(line, "--top=9"), 9
			case 2:
				line, want.mean = append(line, "--mean", text), text
			case 3:
				line, want.mean = append(line, "-mean="+text), text
			case 4:
				line, want.each = append(line, "-e", "-x,y"), append(want.each, "-x,y")
			case 5:
				line, want.quick = append(line, "-q"), true
			case 6:
				line, want.args = append(line, operand), append(want.args, operand)
			case 7:
				if i == 49 {
					line, want.args = append(line, "--", text), append(want.args, text)
				} else {
					line, want.args = append(line, "-"), append(want.args, "-")
				}
			}
		}
		app := tool(&got)
		arranged, err := arrange(app, line)
		if err == nil {
			err = app.Run(arranged.args)
		}
		if err != nil || !got.equal(want) {
			t.Errorf("%q: %+v, %v; want %+v", line, got, err, want)
		}
	})
}
