package models

import "testing"

// TestDigest: a model is told by its graph, from wherever that was read.
func TestDigest(t *testing.T) {
	fromFile, err := Open("testdata/float32_nchw", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := DigestOf(t.Context(), fromFile.Path)
	if err != nil {
		t.Fatal(err)
	}
	id, err := fromFile.Identity(t.Context())
	if got, digestErr := fromFile.Digest(t.Context()); err != nil || digestErr != nil || got != want || id.SHA256 != want {
		t.Errorf("%s, %v, and %s, %v, want %s", got, digestErr, id.SHA256, err, want)
	}
	inMemory := &Model{Data: []byte("abc")}
	if got, err := inMemory.Digest(t.Context()); err != nil || got != "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" {
		t.Errorf("%s, %v", got, err)
	}
}
