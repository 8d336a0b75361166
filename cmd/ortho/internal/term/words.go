package term

import (
	"fmt"
	"strconv"
	"strings"
)

func Mebibytes(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n >> 20)
}

// FourDigits shows four significant digits.
func FourDigits(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.1f", v)
	case v >= 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

func Images(n int64) string { return Counted(n, "image") }

// Counted is a number of things in words.
func Counted(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

func Gigabytes(n uint64) string { return fmt.Sprintf("%.1f GB", float64(n)/1e9) }

// Quoted is a word in quotes, if a shell would otherwise read something else.
func Quoted(word string) string {
	if strings.ContainsFunc(word, func(r rune) bool {
		return !strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:@%+=,", r)
	}) || word == "" {
		return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
	}
	return word
}

// CommandLine are words that a shell takes apart into the same words.
func CommandLine(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Quoted(word)
	}
	return strings.Join(quoted, " ")
}

func Percent(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) }

// WordList is the first few of some words.
func WordList(words []string) string {
	some := make([]string, min(len(words), 8))
	for i := range some {
		some[i] = fmt.Sprintf("%.40q", words[i])
	}
	list := strings.Join(some, ", ")
	if len(words) > len(some) {
		list += fmt.Sprintf(" and %d other words", len(words)-len(some))
	}
	return list
}

// Decimal is a number as it is typed.
func Decimal(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Sentence begins with a capital and ends with a stop.
func Sentence(s string) string {
	return strings.TrimSuffix(strings.ToUpper(s[:1])+s[1:], ".") + "."
}

// BytesOf is a number of bytes for people.
func BytesOf(n int64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.2f GB", float64(n)/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f kB", float64(n)/1e3)
}

// UTF8 is a text as UTF-8: names of files in messages, and labels, may not be.
func UTF8(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// SixDigits keeps six significant digits: a float32 graph gives no more.
func SixDigits(v float64) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 6, 64), 64)
	if err != nil {
		return v
	}
	return short
}
