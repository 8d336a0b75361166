package codecs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const mostTIFF = 256 << 20

// tiffs are golden files that are compressed.
func tiffs(t testing.TB) map[string][]byte {
	files, err := filepath.Glob("../testdata/decode/tiff-*.tif")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	all := map[string][]byte{}
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if len(data) < 4000 {
			all[filepath.Base(f)] = data
		}
	}
	return all
}

func needTIFF(t testing.TB) {
	if lib := FindTIFF(); lib.Err != nil {
		t.Skipf("no libtiff: %v", lib.Err)
	}
}

func TestTIFF(t *testing.T) {
	needTIFF(t)
	files := tiffs(t)
	for name, want := range map[string]TIFFInfo{
		"tiff-packed-predictor.tif":        {Width: 33, Height: 17, UnitWidth: 33, UnitHeight: 17, UnitBytes: 33 * 17 * 3, RowBytes: 99, Photometric: 2, Bits: 8, Extra: -1},
		"tiff-packed-planes-alpha.tif":     {Width: 11, Height: 7, UnitWidth: 11, UnitHeight: 4, UnitBytes: 44, RowBytes: 11, Photometric: 2, Bits: 8, Extra: 2, Planes: true},
		"tiff-packed-tiles-big-endian.tif": {Width: 20, Height: 7, UnitWidth: 16, UnitHeight: 16, UnitBytes: 512, RowBytes: 32, Photometric: 1, Bits: 16, Extra: -1, Tiled: true},
		"tiff-packed-jpeg-ycbcr.tif":       {Width: 33, Height: 17, UnitWidth: 33, UnitHeight: 17, UnitBytes: 33 * 17 * 3, RowBytes: 99, Photometric: 6, Bits: 8, Extra: -1, RGB: true},
	} {
		t.Run(name, func(t *testing.T) {
			file, info, err := OpenTIFF(files[name], mostTIFF)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			if info != want {
				t.Errorf("%+v, not %+v", info, want)
			}
			if err := file.Read(info.Tiled, 0, make([]byte, info.UnitBytes)); err != nil {
				t.Error(err)
			}
			if err := file.Read(info.Tiled, 1000, make([]byte, info.UnitBytes)); err == nil {
				t.Error("strip 1000 was read")
			}
		})
	}
	if _, _, err := OpenTIFF([]byte("II*\x00\xff\xff\x00\x00"), mostTIFF); err == nil || !strings.HasPrefix(err.Error(), "libtiff: ") {
		t.Errorf("a header alone: %v", err)
	}
}

// TestTIFFBound holds that libtiff allocates no more than it may, where its version can be told.
func TestTIFFBound(t *testing.T) {
	needTIFF(t)
	file, info, err := OpenTIFF(tiffs(t)["tiff-packed-predictor.tif"], 100)
	if err != nil {
		return // the directory itself takes more
	}
	defer file.Close()
	if err := file.Read(info.Tiled, 0, make([]byte, info.UnitBytes)); err == nil {
		t.Skipf("libtiff %s has no bound", FindTIFF().Version)
	}
}

// FuzzTIFF holds that libtiff survives what files are made of.
func FuzzTIFF(f *testing.F) {
	needTIFF(f)
	for _, data := range tiffs(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, info, err := OpenTIFF(data, mostTIFF)
		if err != nil {
			return
		}
		defer file.Close()
		if info.UnitBytes < 1 || info.UnitBytes > 1<<20 || info.UnitWidth < 1 || info.UnitHeight < 1 || info.UnitWidth > 1<<10 || info.UnitHeight > 1<<10 {
			return
		}
		unit, raster := make([]byte, info.UnitBytes), make([]uint32, info.UnitWidth*info.UnitHeight)
		for i := range 4 {
			_ = file.Read(info.Tiled, i, unit)
		}
		if info.Photometric == 6 {
			_ = file.RGBA(info.Tiled, 0, 0, raster)
			_ = file.RGBA(info.Tiled, info.UnitWidth, info.UnitHeight, raster)
		}
	})
}
