//go:build race || asan

package preprocess

const raceEnabled = true
