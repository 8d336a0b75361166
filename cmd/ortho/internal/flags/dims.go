package flags

import (
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
)

// Dims reads values of --dim, NAME=N each.
func Dims(texts []string) (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, text := range texts {
		name, size, ok := strings.Cut(text, "=")
		n, err := strconv.ParseInt(size, 10, 64)
		if !ok || name == "" || err != nil || n < 0 || n > 1<<31 {
			return nil, commandline.Usagef("--dim %q: write NAME=N, such as sequence=128 (0: no element)", text)
		}
		sizes[name] = n
	}
	return sizes, nil
}
