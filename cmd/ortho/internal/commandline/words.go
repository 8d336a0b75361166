package commandline

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// FindFlag returns the flag of a name or alias; nil where there is none.
func FindFlag(flags []cli.Flag, name string) cli.Flag {
	i := slices.IndexFunc(flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return flags[i]
}

func takesValue(f cli.Flag) bool {
	documented, ok := f.(cli.DocGenerationFlag)
	return ok && documented.TakesValue()
}

func commandNames(commands []*cli.Command) []string {
	var names []string
	for _, c := range commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return append(names, "help")
}

// flagNames lists flags as they are typed.
func flagNames(flags []cli.Flag) []string {
	var names []string
	for _, f := range flags {
		for _, name := range f.Names() {
			dashes := "--"
			if len(name) == 1 {
				dashes = "-"
			}
			names = append(names, dashes+name)
		}
	}
	return append(names, "--help")
}

// OneOf returns an error where a flag's value is none of the words that it takes.
func OneOf(flag, value string, words ...string) error {
	if slices.Contains(words, value) {
		return nil
	}
	return Usagef("--%s %q is not one of %s%s", flag, value, strings.Join(words, ", "), DidYouMean(value, words))
}

// DidYouMean names the candidate from which a word differs by its case alone, by one typing error, or
// by two after the first letter.
func DidYouMean(typed string, candidates []string) string {
	best, nearest := 3, ""
	typed = strings.ToLower(typed)
	for _, c := range candidates {
		name := strings.ToLower(strings.TrimLeft(c, "-"))
		d := distance(typed, name)
		if d < best && d < len(typed) && (d < 2 || typed[0] == name[0]) {
			best, nearest = d, c
		}
	}
	if nearest == "" {
		return ""
	}
	return "; did you mean " + nearest + "?"
}

// distance counts the letters to insert, delete or replace (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, diagonal+1, row[j]+1)
		}
	}
	return row[len(b)]
}
