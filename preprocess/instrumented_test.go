//go:build race || asan

package preprocess

const instrumented = true
