package preprocess

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ortho/preprocess/codecs"
)

// pillowPython is a Python that has Pillow and NumPy; without one the test is skipped.
func pillowPython(t *testing.T) string {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil || exec.Command(python, "-c", "import numpy, PIL.Image, PIL.ImageFile").Run() != nil {
		t.Skip("needs python3 with Pillow and NumPy")
	}
	return python
}

// readByPillow takes a folder of files and checks each by its name: FORMAT-CHANNELS-WIDTH-HEIGHT-NAME.
// Beside each stands FILE.raw, the pixels, and FILE.icc, the profile, where there is one.
const readByPillow = `
import io, os, sys
import numpy as np
from PIL import Image
folder, text = sys.argv[1], sys.argv[2:]
for file in sorted(os.listdir(folder)):
    if file.endswith((".raw", ".icc")): continue
    kind, channels, width, height, _ = file.split("-", 4)
    channels = int(channels)
    image = Image.open(os.path.join(folder, file))
    image.load()
    raw = np.fromfile(os.path.join(folder, file + ".raw"), np.uint8).reshape(int(height), int(width), channels)
    mode = ["L", "LA", "RGB", "RGBA"][channels - 1]
    want = Image.frombytes(mode, (int(width), int(height)), raw.tobytes())
    if kind in ("webp", "lossy"):
        mode = "RGBA" if channels % 2 == 0 and raw[:, :, -1].min() < 255 else "RGB"
    got = image
    if kind in ("webp", "lossy"):
        got, want = image.convert("RGBA"), want.convert("RGBA")
        if "A" not in image.mode: got, want = image, want.convert("RGB")
        if kind == "webp" and channels % 2 == 0: mode = image.mode
    if image.mode != mode: sys.exit(f"{file}: mode {image.mode}, not {mode}")
    if kind == "jpeg":
        ours = np.asarray(image, float)
        out = io.BytesIO()
        want.save(out, "JPEG", quality=int(file.rsplit("-q", 1)[1]), icc_profile=image.info["icc_profile"])
        error = lambda a: np.square(np.asarray(a, float) - np.asarray(want, float)).mean() + 1
        off = 10 * np.log10(error(Image.open(out)) / error(image))
        if abs(off) > 0.5 and want.width * want.height > 1000: sys.exit(f"{file}: PSNR differs from Pillow's by {off:.2f} dB")
        size = os.path.getsize(os.path.join(folder, file)) / out.tell()
        if abs(size - 1) > 0.05 and out.tell() > 10000: sys.exit(f"{file}: {size:.2f} times as large as Pillow's")
    elif kind == "lossy":
        out = io.BytesIO()
        want.save(out, "WEBP", quality=90)
        a, b = np.asarray(got, float), np.asarray(Image.open(out).convert(got.mode), float)
        if np.abs(a - b).mean() > 1: sys.exit(f"{file}: not as Pillow's file")
    elif got.tobytes() != want.tobytes():
        sys.exit(f"{file}: other pixels")
    icc = os.path.join(folder, file + ".icc")
    want_icc = open(icc, "rb").read() if os.path.exists(icc) else None
    if image.info.get("icc_profile") != want_icc: sys.exit(f"{file}: another profile")
    if kind == "png":
        for key, value in zip(text[::2], text[1::2]):
            if image.text.get(key) != value: sys.exit(f"{file}: text {key!r} is {image.text.get(key)!r}")
    print(file)
`

// TestFilesByPillow has Pillow read what is written: pixels, mode, profile and text.
func TestFilesByPillow(t *testing.T) {
	python, folder := pillowPython(t), t.TempDir()
	texts := [][2]string{{"Seed", "42"}, {"Software", "ortho"}, {"Prompt", "eine schräge Sieben"}, {"Titel ü", "七 — \"7\"\nand a line"}, {"Empty", ""}}
	count := 0
	save := func(kind, name string, m *Image, icc []byte, opt FileOptions) {
		opt.ICC, opt.Text = icc, texts
		file := filepath.Join(folder, fmt.Sprintf("%s-%d-%d-%d-%s", kind, m.Channels, m.Width, m.Height, name))
		for name, data := range map[string][]byte{file: written(t, m, 11, opt), file + ".raw": m.Pix, file + ".icc": icc} {
			if data == nil {
				continue
			}
			if err := os.WriteFile(name, data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		count++
	}
	rng := rand.New(rand.NewPCG(8, 9))
	for channels := 1; channels <= 4; channels++ {
		colours := "RGB "
		if channels <= 2 {
			colours = "GRAY"
		}
		icc := profileOf(colours, 100_000)
		for _, size := range [][2]int{{1, 1}, {2, 1}, {31, 33}, {64, 64}, {257, 100}, {3, 2000}} {
			for name, m := range pictures(size[0], size[1], channels, rng) {
				save("png", name, m, icc, FileOptions{Format: PNG})
				save("tiff", name, m, icc, FileOptions{Format: TIFF})
				if channels >= 3 {
					save("webp", name+"-icc", m, icc, FileOptions{Format: WebP})
				}
				save("webp", name, m, nil, FileOptions{Format: WebP})
				if channels%2 == 1 {
					quality := 40 + 50*(size[0]%2)
					save("jpeg", fmt.Sprintf("%s-q%d", name, quality), m, icc, FileOptions{Format: JPEG, Quality: quality})
				}
			}
			if codecs.FindWebP().Err == nil {
				m := sketch(size[0], size[1], channels)
				if channels >= 3 {
					save("lossy", "icc", m, icc, FileOptions{Format: WebP, Quality: 90})
				}
				save("lossy", "plain", m, nil, FileOptions{Format: WebP, Quality: 90})
			}
		}
	}
	args := []string{"-c", readByPillow, folder}
	for _, text := range texts {
		args = append(args, text[0], text[1])
	}
	out, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
		t.Fatalf("%v: %s", err, lines[len(lines)-1])
	}
	if lines := bytes.Count(out, []byte("\n")); lines != count {
		t.Errorf("%d files were read of %d", lines, count)
	}
}

// pictures are what an encoder may stumble on.
func pictures(width, height, channels int, rng *rand.Rand) map[string]*Image {
	fill := func(value func(x, y, c int) byte) *Image { return build(width, height, channels, value) }
	skewed := func() byte { // counts that make for long codes
		v := byte(0)
		for v < 60 && rng.IntN(2) == 0 {
			v++
		}
		return v * 4
	}
	return map[string]*Image{
		"sketch": sketch(width, height, channels),
		"noise":  fill(func(x, y, c int) byte { return byte(rng.IntN(256)) }),
		"flat":   fill(func(x, y, c int) byte { return byte(40*c + 77) }),
		"black":  fill(func(x, y, c int) byte { return 0 }),
		"white":  fill(func(x, y, c int) byte { return 255 }),
		"two":    fill(func(x, y, c int) byte { return byte(255 * rng.IntN(2)) }),
		"blocks": fill(func(x, y, c int) byte { return byte(x / 40 * 50 * (y / 17)) }),
		"lines":  fill(func(x, y, c int) byte { return byte(17 * (x % 5) * (c + 1)) }),
		"skewed": fill(func(x, y, c int) byte { return skewed() }),
	}
}
