package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	_ "image/png"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models/describe/openaitest"
)

// rowOf is the row of a verb, with the file's name as a form has it.
func rowOf(t *testing.T, file string, args ...string) string {
	t.Helper()
	code, row, stderr := execute(t, "", append(args, file)...)
	if code != 0 {
		t.Fatal(stderr)
	}
	return strings.Replace(row, file, filepath.Base(file), 1)
}

// TestServeOtherVerbs: rows of tags, segments and labels that images are compared with, and pictures of maps and
// cut-outs, are those of the verbs.
func TestServeOtherVerbs(t *testing.T) {
	const clip, segformer, maskformer, person = "../../models/dual/testdata/clip-joint", "../../models/segment/testdata/segformer", "../../models/segment/testdata/maskformer", "testdata/photos/astronaut.png"
	address, _ := served(t, "-m", "efficientnet-lite0", "-m", "clip="+clip, "-m", "one="+segformer, "-m", "many="+maskformer, "-m", "selfie")
	labels := write(t, filepath.Join(t.TempDir(), "labels.txt"), "a cat\na rocket, of steel\ncoffee\n")
	for _, c := range []struct {
		route string
		args  []string
	}{
		{"/v1/tag", []string{"tag", "-m", "efficientnet-lite0", "-f", "jsonl"}},
		{"/v1/tag?threshold=0.05", []string{"tag", "-m", "efficientnet-lite0", "-f", "jsonl", "--threshold", "0.05"}},
		{"/v1/tag?mcut=true", []string{"tag", "-m", "efficientnet-lite0", "-f", "jsonl", "--mcut"}},
		{"/v1/segment?model=one", []string{"segment", "-m", segformer, "-f", "jsonl"}},
		{"/v1/segment?model=many&masks=false", []string{"segment", "-m", maskformer, "-f", "jsonl", "--no-masks"}},
		{"/v1/classify?labels=a+cat&labels=a+rocket%2C+of+steel%0Acoffee", []string{"classify", "-m", clip, "-f", "jsonl", "--zero-shot", labels}},
		{"/v1/classify?labels=a+cat%0Aa+rocket%2C+of+steel%0Acoffee&template=%7B%7D&template=no+%7B%7D&top=2", []string{"classify", "-m", clip, "-f", "jsonl", "--zero-shot", labels, "--template", "{}", "--template", "no {}", "-k", "2"}},
		{"/v1/embed?normalize=true", []string{"embed", "-m", clip, "-f", "jsonl", "--normalize"}},
	} {
		for range 2 { // labels are kept after the first time
			got, err := posted(address+c.route, cat)
			if want := rowOf(t, cat, c.args...); err != nil || got != want {
				t.Errorf("%s: %.300s, %v, want %.300s", c.route, got, err, want)
			}
		}
	}
	texts := write(t, filepath.Join(t.TempDir(), "texts.txt"), "a cat\n")
	code, want, stderr := execute(t, "", "embed", "-m", clip, "-f", "jsonl", "--texts", texts)
	if code != 0 {
		t.Fatal(stderr)
	}
	response, err := http.Post(address+"/v1/embed", "application/json", strings.NewReader(`{"text":"a cat"}`))
	if err != nil {
		t.Fatal(err)
	}
	got, _ := io.ReadAll(response.Body)
	response.Body.Close()
	if string(got) != want {
		t.Errorf("%s, want %s", got, want)
	}

	masks := t.TempDir()
	rowOf(t, cat, "segment", "-m", segformer, "-f", "jsonl", "--masks", masks)
	if got, err := posted(address+"/v1/segment?model=one&format=png", cat); err != nil || got != read(t, filepath.Join(masks, strings.TrimSuffix(filepath.Base(cat), filepath.Ext(cat))+".png")) {
		t.Errorf("the map: %v, %d bytes", err, len(got))
	}
	for query, args := range map[string][]string{"": nil, "?background=%23204060&feather=1.5": {"--background", "#204060", "--feather", "1.5"}, "?mask_only=true": {"--mask-only"}, "?background=blur:5": {"--background", "blur:5"}} {
		file := filepath.Join(t.TempDir(), "cut.png")
		if code, _, stderr := execute(t, "", append([]string{"cutout", "-m", "selfie", person, "-o", file}, args...)...); code != 0 {
			t.Fatal(stderr)
		}
		got, err := posted(address+"/v1/cutout"+query, person)
		if err != nil || !samePixels(t, got, read(t, file)) {
			t.Errorf("%s: %v, %.200s", query, err, got)
		}
	}
}

// samePixels reports whether two files show the same.
func samePixels(t *testing.T, a, b string) bool {
	t.Helper()
	first, _, err := image.Decode(strings.NewReader(a))
	second, _, other := image.Decode(strings.NewReader(b))
	if err != nil || other != nil {
		t.Error(err, other)
		return false
	}
	return fmt.Sprintf("%T", first) == fmt.Sprintf("%T", second) && first.Bounds() == second.Bounds() && bytes.Equal(pixelsOf(first), pixelsOf(second))
}

func pixelsOf(img image.Image) []byte {
	switch img := img.(type) {
	case *image.NRGBA:
		return img.Pix
	case *image.RGBA:
		return img.Pix
	case *image.Gray:
		return img.Pix
	}
	return nil
}

// TestServeDescribes: a description is the row of the verb; the key comes from the environment, and without one
// nothing is described.
func TestServeDescribes(t *testing.T) {
	chatting(t, openaitest.Describe(openaitest.Description{Class: "tabby"}))
	want := rowOf(t, cat, "describe", "-f", "jsonl", "--cache", "off")
	address, _ := served(t, "--describe", "--chat-model", "gpt-4.1-mini")
	got, err := posted(address+"/v1/describe", cat)
	var a, b map[string]any
	if err == nil {
		err = json.Unmarshal([]byte(got), &a)
	}
	json.Unmarshal([]byte(want), &b)
	if err != nil || fmt.Sprint(a) != fmt.Sprint(b) {
		t.Errorf("%s, %v, want %s", got, err, want)
	}
	plain, _ := served(t)
	if got, err := posted(plain+"/v1/describe", cat); err == nil || !strings.Contains(err.Error(), "501") || !strings.Contains(got, "--describe") {
		t.Errorf("%s, %v", got, err)
	}
	t.Setenv("OPENAI_BASE_URL", "")
	t.Setenv("OPENAI_API_KEY", "")
	if code, _, stderr := execute(t, "", "serve", "--describe"); code == 0 || !strings.Contains(stderr, "OPENAI_API_KEY") {
		t.Errorf("%d, %s", code, stderr)
	}
}
