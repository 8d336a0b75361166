"""Writes preprocess/testdata/memory: pictures of 6 megapixels in few bytes, of the formats that Go writes none of,
by which the tests see what decoding them takes (pip install pillow)."""

from pathlib import Path

from PIL import Image, ImageDraw

folder = Path(__file__).parents[2] / "preprocess/testdata/memory"
folder.mkdir(exist_ok=True)
picture = Image.new("RGB", (3000, 2000), (90, 120, 30))
ImageDraw.Draw(picture).ellipse((500, 300, 2500, 1700), fill=(200, 40, 90))
alpha = picture.copy()
alpha.putalpha(picture.getchannel(0))
picture.save(folder / "rgb.avif", quality=50, speed=10)
alpha.save(folder / "rgba.avif", quality=50, speed=10)
picture.save(folder / "rgb.jp2", quality_mode="rates", quality_layers=[2000])
picture.save(folder / "tiles.jp2", quality_mode="rates", quality_layers=[2000], tile_size=(256, 256))
picture.save(folder / "progressive.jpg", progressive=True, quality=60)
alpha.save(folder / "lossless.webp", lossless=True)
alpha.save(folder / "lossy.webp", quality=60)
picture.save(folder / "lzw.tif", compression="tiff_lzw")
