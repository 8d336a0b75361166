package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"ortho/runner/regular"
)

// The bounds of texts that are read: bytes of one, and how many there are.
const (
	MaxText  = 1 << 16
	MaxTexts = 1 << 20
)

// Lines reads a text a line from a file, or from stdin where its name is "-"; empty lines are
// left out.
func Lines(name string, stdin io.Reader) ([]string, error) {
	in := stdin
	if name != "-" {
		f, err := regular.Stream(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		in = f
	}
	var texts []string
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, MaxText+len("\r\n")+len("\uFEFF")+1) // a line of MaxText with what stands around it
	for lines.Scan() {
		line := strings.TrimPrefix(lines.Text(), "\uFEFF")
		if strings.TrimSpace(line) == "" {
			continue
		}
		if len(line) > MaxText {
			return nil, fmt.Errorf("line %d has more than %d bytes", len(texts)+1, MaxText)
		}
		if texts = append(texts, line); len(texts) > MaxTexts {
			return nil, fmt.Errorf("it has more than %d texts", MaxTexts)
		}
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("line %d has more than %d bytes", len(texts)+1, MaxText)
	}
	if len(texts) == 0 && lines.Err() == nil {
		return nil, errors.New("it has no texts")
	}
	return texts, lines.Err()
}

// Text reads a file as one text. Its errors don't repeat the name.
func Text(name string) (string, error) {
	f, err := regular.Stream(name)
	if err != nil {
		return "", errors.Unwrap(err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, MaxText+1))
	if err != nil {
		return "", err
	}
	return CheckedText(string(data))
}

// CheckedText returns a text that can be read by a model: of a size within bounds, in UTF-8,
// and not empty.
func CheckedText(t string) (string, error) {
	switch {
	case len(t) > MaxText:
		return "", fmt.Errorf("the text has more than %d bytes", MaxText)
	case !utf8.ValidString(t):
		return "", errors.New("the text is not in UTF-8")
	case strings.TrimSpace(t) == "":
		return "", errors.New("the text is empty")
	}
	return t, nil
}
