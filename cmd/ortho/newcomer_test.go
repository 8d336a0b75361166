package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// hour is a folder as a newcomer has it in the first hour: a photograph, and all that is
// taken for an image or a model.
func hour(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, folder := range []string{"empty", "docs", "photos", "vit", "tf", "own", "quotes", "open", "torch", "zoo", "zoo/a", "zoo/b", "fixed", "pics"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	const lfs = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n"
	for name, text := range map[string]string{
		"cat.png": square(t, red, 8), "pics/cat.png": square(t, red, 8), "docs/readme.txt": "hello\n", "labels.txt": "cat\ndog\n", "out.csv": "old\n",
		"vit/config.json": `{"architectures": ["ViTForImageClassification"], "model_type": "vit"}`, "vit/pytorch_model.bin": "PK\x03\x04", "tf/saved_model.pb": "\x08\x01\x12",
		"m.pt": "PK\x03\x04\x00\x00", "m.pth": "\x80\x02\x8a\x0a", "m.safetensors": "\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":1}", "m.h5": "\x89HDF\r\n", "m.tflite": "\x1c\x00\x00\x00TFL3",
		"m.pb": "\x08\x01\x12\xff", "m.onnx.data": "\x9f\x00\x01\x02", "lfs.onnx": lfs, "lfs.png": lfs, "empty.onnx": "", "empty.png": "", "own/ortho.json": `{"inputsize": 32}`, "quotes/ortho.json": `{mean: 0.5}`, "own/model.onnx": read(t, filepath.Join(testModels, "dynamic_size", "model.onnx")),
		"quotes/model.onnx": read(t, filepath.Join(testModels, "dynamic_size", "model.onnx")), "open/model.onnx": read(t, filepath.Join(testModels, "dynamic_size", "model.onnx")), "fixed/model.onnx": read(t, filepath.Join(testModels, "batch4", "model.onnx")), "half.onnx": "\x08\x08\x12\x07pytorch", "alone.onnx": read(t, filepath.Join(testModels, "external", "model.onnx")),
		"a.heic": "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic", "a.avif": "\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1", "a.svg": `<svg xmlns="http://www.w3.org/2000/svg"/>`,
		"torch/a.onnx": "\x08\x08", "torch/b.onnx": "\x08\x08", "zoo/a/a.onnx": "\x08\x08", "zoo/b/b.onnx": "\x08\x08", "-dash.jpg": "\xff\xd8", "list.txt": "cat.png\n", "l.tar": "a list\nof things\n",
		"notes.md": "hello\n", "lines.jsonl": "{}\n", "blank.txt": "\n\n",
		"a.pdf": "%PDF-1.7\n", "photos.zip": "PK\x03\x04abc", "page.jpg": "<!DOCTYPE html><html>404</html>",
	} {
		write(t, filepath.Join(dir, name), text)
	}
	return dir
}

// TestNewcomer: each mistake of the first hour gets the message that ends it: it names what
// was wrong, and what to do.
func TestNewcomer(t *testing.T) {
	needLibrary(t)
	for _, name := range []string{envKey, envBaseURL} {
		t.Setenv(name, "")
	}
	t.Chdir(hour(t))
	for _, c := range []struct {
		line string // words, as a shell cuts them
		code int
		want []string
	}{
		// The command.
		{"cat.png", exitUsage, []string{`no command "cat.png"`, "ortho classify cat.png"}},
		{"photos", exitUsage, []string{"ortho classify photos"}},
		{"lfs.onnx", exitUsage, []string{"ortho inspect -m lfs.onnx"}},
		{"clasify cat.png", exitUsage, []string{"did you mean classify?"}},
		{"help clasify", exitUsage, []string{"did you mean classify?"}},

		{"Classify cat.png", exitUsage, []string{"did you mean classify?"}},
		{"-m glyphs classify cat.png", exitUsage, []string{"-m stands before the command", "ortho classify -m"}},
		{"plan cat.png -o p.jsonl", exitUsage, []string{"give --tasks N or --task-bytes SIZE"}},
		{"plan cat.png -n 4", exitUsage, []string{"-o FILE"}},
		{"plan empty -n 4 -o plan.jsonl", exitFailed, []string{"folder empty holds no images"}},
		{"classify --plan list.txt --plan-task 0 -o rows/", exitFailed, []string{"list.txt: it is no plan, as ortho plan makes them"}},
		{"classify --plan list.txt", exitUsage, []string{"-o FOLDER/"}},
		{"classify cat.png --plan-task 3", exitUsage, []string{"--plan"}},
		{"gather photos", exitUsage, []string{"--plan FILE"}},
		{"gather photos --plan list.txt", exitFailed, []string{"it is no plan"}},
		{"schema", exitUsage, []string{"classify, classify-text"}},

		{"run cat.png", exitUsage, []string{"ortho classify photo.jpg"}},
		{"identify cat.png", exitUsage, []string{"ortho classify photo.jpg"}},
		{"models glyphs", exitUsage, []string{"there are list, show, verify"}},
		{"config set", exitUsage, []string{"ortho config path"}},
		{"config model", exitUsage, []string{"there are list, path"}},
		{"/?", exitUsage, []string{"ortho --help"}},
		{"-V", exitUsage, []string{"ortho version"}},
		{"help classify", exitOK, nil},
		{"classify cat.png -h", exitOK, nil},
		{"--version", exitOK, nil},

		// The image.
		{"classify \u201ccat.png\u201d", exitUsage, []string{"curly quote", "type it anew"}},
		{"classify 'cat.png'", exitUsage, []string{"the quotes, or spaces, are part of the name", "there is cat.png"}},
		{"classify ~/cat.png", exitUsage, []string{"the ~ is not your home", `"$HOME/cat.png"`}},
		{"classify cat.png,l.tar", exitUsage, []string{"files are separated by spaces"}},
		{"classify file:///tmp/cat.png", exitUsage, []string{"give the path alone, /tmp/cat.png"}},
		{"classify", exitUsage, []string{"no images named", "folders"}},
		{"classify nosuch.jpg", exitItems, []string{"nosuch.jpg: no such file"}},
		{"classify empty", exitFailed, []string{"folder empty holds no images", ".jpg"}},
		{"classify docs", exitFailed, []string{"folder docs holds no images"}},
		{"classify photos/*.jpeg", exitFailed, []string{"no file is called photos/*.jpeg", "as a glob it matches nothing"}},
		{`classify C:\photos\cat.jpg`, exitUsage, []string{`no file is called C:\photos\cat.jpg`, "separated by /"}},
		{"classify ftp://example.com/cat.jpg", exitUsage, []string{"of none of the kinds that are read (s3://, gs://, https://)", "ortho classify -"}},
		{"imagine ftp://example.com/cat.jpg", exitUsage, []string{"ortho imagine -"}},
		{"classify a.heic", exitItems, []string{"decode HEIC"}},
		{"classify a.avif", exitItems, []string{"decode AVIF"}},
		{"classify a.svg", exitItems, []string{"SVG", "draw it as PNG first"}},
		{"classify a.pdf", exitItems, []string{"PDF", "save its pages as images first"}},
		{"classify photos.zip", exitItems, []string{"zip archive", "unpack it first"}},
		{"classify empty.png", exitItems, []string{"empty.png", "the file is empty"}},
		{"classify lfs.png", exitItems, []string{"Git LFS pointer", "git lfs pull"}},
		{"classify page.jpg", exitItems, []string{"an HTML page", "what was downloaded is no image"}},
		{"classify labels.txt", exitUsage, []string{"labels.txt is text", "@labels.txt", "--labels labels.txt"}},
		{"classify @nosuch.txt", exitFailed, []string{"read list nosuch.txt", "no such file"}},

		// Every day.
		{"classify photos --watch --update -o x.csv", exitUsage, []string{"--watch --resume does what is new or has changed"}},
		{"classify photos --watch --shard-by name", exitUsage, []string{"let each run watch a folder of its own"}},
		{"classify cat.png --watch", exitUsage, []string{"is no folder: folders are watched"}},
		{"classify photos --watch -f xlsx", exitUsage, []string{"-f jsonl or csv"}},
		{"classify cat.png --where probability>0.5", exitUsage, []string{"did you mean p?"}},
		{"classify cat.png --where name=='cat'", exitUsage, []string{"did you mean label?"}},
		{"classify cat.png --where label=='cat'&&p>", exitUsage, []string{"unexpected token EOF"}},
		{"detect cat.png --where score>0.5", exitUsage, []string{"did you mean p?", "detections"}},
		{"classify cat.png --update", exitUsage, []string{"name it with -o FILE"}},
		{"classify cat.png -o x.csv --keep-gone", exitUsage, []string{"go with --update"}},
		{"classify cat.png -o x.csv --update --where p>0.5", exitUsage, []string{"in a run of its own"}},
		{"classify cat.png -o x.txt --update", exitUsage, []string{"can't be", "jsonl, csv or parquet"}},
		{"classify cat.png -o out.csv", exitFailed, []string{"out.csv exists", "--overwrite"}},
		{"classify cat.png -o x.xls", exitUsage, []string{"xls"}},
		{"detect cat.png -f wide", exitUsage, []string{"the format wide has no place for such rows"}},
		{"sort photos", exitUsage, []string{"--into DIR is missing"}},
		{"sort photos --into sorted", exitUsage, []string{"--copy, --link or --move"}},
		{"sort lines.jsonl --into sorted --copy", exitUsage, []string{"--from-rows lines.jsonl"}},
		{"sort pics --into pics/sorted --copy", exitFailed, []string{"give a folder outside"}},
		{"sort --undo photos", exitFailed, []string{"ortho-sort.jsonl is what a sort leaves"}},
		{"convert", exitUsage, []string{"name files of rows"}},
		{"convert cat.png x.csv", exitFailed, []string{"holds no rows of ortho"}},
		{"convert lines.jsonl x.npz --update", exitUsage, []string{"update"}},
		{"generate cat.png --update", exitUsage, []string{"-o"}},
		{"generate cat.png -o upd.png --update", exitUsage, []string{"folder"}},
		{"detect cat.png --draw -", exitUsage, []string{"--draw names no folder"}},
		{"detect pics --draw pics/drawn", exitFailed, []string{"would be inputs, too"}},
		{"tag cat.png --spaces -m glyphs", exitUsage, []string{"--spaces is for --captions"}},
		{"dupes photos --watch", exitUsage, []string{"watch"}},
		{"cutout cat.png", exitUsage, []string{"give -o OUT"}},

		// The model.
		{"classify cat.png -m nosuch.onnx", exitFailed, []string{`no model "nosuch.onnx"`, "no such file or folder"}},
		{"classify cat.png -m efficientnet-lit0", exitFailed, []string{"did you mean efficientnet-lite0?"}},
		{"classify cat.png -m efficientnet", exitFailed, []string{"did you mean efficientnet-lite0?"}},
		{"classify cat.png -m resnet50", exitFailed, []string{"exported to ONNX first"}},
		{"classify cat.png -m google/vit-base-patch16-224", exitFailed, []string{"optimum-cli export onnx -m google/vit-base-patch16-224 FOLDER"}},
		{"classify cat.png -m ftp://example.com/m.onnx", exitUsage, []string{"download the model"}},
		{"classify cat.png -m https://example.com/m.onnx", exitUsage, []string{"#sha256=DIGEST"}},
		{"classify cat.png -m vit", exitFailed, []string{"no .onnx file", "pytorch_model.bin", "export the model to ONNX"}},
		{"classify cat.png -m tf", exitFailed, []string{"saved_model.pb", "tf2onnx"}},
		{"classify cat.png -m empty", exitFailed, []string{"no .onnx file in it"}},
		{"classify cat.png -m m.pt", exitFailed, []string{"m.pt: not an ONNX file", "PyTorch", "torch.onnx.export"}},
		{"classify cat.png -m m.pth", exitFailed, []string{"PyTorch", "torch.onnx.export"}},
		{"classify cat.png -m m.safetensors", exitFailed, []string{"weights", "optimum-cli export onnx"}},
		{"classify cat.png -m m.h5", exitFailed, []string{"Keras", "tf2onnx"}},
		{"classify cat.png -m m.tflite", exitFailed, []string{"TensorFlow Lite", "tf2onnx"}},
		{"classify cat.png -m m.pb", exitFailed, []string{"TensorFlow", "tf2onnx"}},
		{"classify cat.png -m m.onnx.data", exitFailed, []string{"weights of an ONNX file", "give that"}},
		{"classify cat.png -m lfs.onnx", exitFailed, []string{"Git LFS pointer", "git lfs pull"}},
		{"classify cat.png -m empty.onnx", exitFailed, []string{"it is empty"}},
		{"classify cat.png -m half.onnx", exitFailed, []string{"half.onnx: not an ONNX file"}},
		{"classify cat.png -m alone.onnx --input-range 0,1", exitFailed, []string{"its weights are in", "is missing", "copy it there"}},
		{"classify efficientnet-lite0 -m cat.png", exitUsage, []string{"efficientnet-lite0 is a model", "name it with -m"}},
		{"classify lfs.png -m cat.png", exitFailed, []string{"it is a PNG image", "images are arguments"}},
		{"classify lfs.onnx cat.png", exitUsage, []string{"lfs.onnx is a model", "name it with -m"}},
		{"classify cat.png -m glyphs", exitFailed, []string{"ortho generate runs it"}},
		{"classify cat.png -m imagenet-descriptions", exitFailed, []string{"ortho classify-text runs it"}},
		{"generate cat.png -m efficientnet-lite0 -o x.png", exitFailed, []string{"gives no image", "ortho classify runs it"}},
		{"classify-text cat -m efficientnet-lite0", exitFailed, []string{"classifies no texts", "classifiers of images"}},
		{"inspect efficientnet-lite0", exitUsage, []string{"name the model with -m"}},

		// Its flags.
		{"classify --model", exitUsage, []string{"flag --model needs a value"}},
		{"classify cat.png \u2013k 3", exitUsage, []string{"begins with a long dash", "type the flag anew"}},
		{"classify cat.png --labels=~/labels.txt", exitUsage, []string{"--labels ~/labels.txt", "the ~ is not your home"}},
		{"classify cat.png -o ~/rows.csv", exitUsage, []string{`"$HOME/rows.csv"`}},
		{"classify cat.png -m ~/vit", exitUsage, []string{"the ~ is not your home"}},
		{"classify cat.png -p cpu cpu", exitUsage, []string{"providers are separated by commas alone"}},
		{"classify cat.png -p opnvino", exitUsage, []string{"did you mean openvino?"}},
		{"classify cat.png -p amd", exitUsage, []string{"directml (Windows)"}},
		{"classify cat.png --preset clp", exitUsage, []string{"did you mean clip?"}},
		{"classify cat.png -f parqet", exitUsage, []string{"did you mean parquet?"}},
		{"classify cat.png -f CSV", exitUsage, []string{"did you mean csv?"}},
		{"classify cat.png --interpolation bilinaer", exitUsage, []string{"did you mean bilinear?"}},
		{"classify cat.png --progress alwys", exitUsage, []string{"did you mean always?"}},
		{"classify cat.png --decode scale", exitUsage, []string{"did you mean scaled?"}},
		{"classify cat.png --check-inputs time", exitUsage, []string{"did you mean times?"}},
		{"generate --class 7 -f pgn -o x", exitUsage, []string{"did you mean png?"}},
		{"models show span-x3", exitFailed, []string{"did you mean span-x2?"}},
		{"describe cat.png --prompt captin", exitUsage, []string{"did you mean caption?"}},
		{"describe cat.png --detail hihg", exitUsage, []string{"did you mean high?"}},
		{"describe cat.png --api-key sk-1", exitUsage, []string{"OPENAI_API_KEY alone"}},
		{"runtime install --source pipp", exitUsage, []string{"did you mean pip?"}},
		{"runtime install --flavor cudaa", exitUsage, []string{"did you mean cuda?"}},
		{"bench run --objective througput", exitUsage, []string{"did you mean throughput?"}},
		{"classify cat.png --top 5.0", exitUsage, []string{`invalid value "5.0" for flag --top: a whole number`}},
		{"classify cat.png --min-probability half", exitUsage, []string{"a number, such as 0.5"}},
		{"classify cat.png --timeout-per-image 30", exitUsage, []string{"a time, such as 90s"}},
		{"classify cat.png --min-prob 0.5", exitUsage, []string{"did you mean --min-probability?"}},
		{"classify cat.png --output-format csv", exitUsage, []string{"did you mean --format?"}},
		{"classify cat.png --verbose", exitUsage, []string{"did you mean --progress?"}},
		{"classify cat.png -t 4", exitUsage, []string{"did you mean --threads?"}},
		{"classify cat.png -o photos", exitFailed, []string{"output photos is a folder"}},
		{"classify cat.png -o nodir/rows.csv", exitFailed, []string{"folder nodir does not exist", "make it first"}},
		{"classify cat.png -o cat.png/rows.csv", exitFailed, []string{"cat.png"}},
		{"classify cat.png -m fixed --batch 8 --input-range 0,1", exitFailed, []string{"takes batches of exactly 4", "--batch 8"}},
		{"classify cat.png --top-k 3", exitUsage, []string{"did you mean --top?"}},
		{"classify cat.png --topk=3", exitUsage, []string{"did you mean --top?"}},
		{"classify cat.png -k 0", exitUsage, []string{"--top 0: at least 1"}},
		{"classify cat.png --device cuda", exitUsage, []string{"did you mean --provider?"}},
		{"classify cat.png --batch_size 8", exitUsage, []string{"did you mean --batch?"}},
		{"classify photos --recursive", exitUsage, []string{"folders are always searched with all that is in them"}},
		{"classify cat.png -p gpu", exitUsage, []string{"cuda (NVIDIA)", "coreml (Apple)"}},
		{"classify cat.png -p CUDAExecutionProvider", exitUsage, []string{"did you mean cuda?"}},
		{"classify cat.png -o", exitUsage, []string{"flag -o needs a value"}},
		{"classify cat.png -o out.csv", exitFailed, []string{"out.csv exists", "--overwrite"}},
		{"classify cat.png -o rows.xls", exitUsage, []string{".csv", ".xlsx"}},
		{"classify cat.png -f yaml", exitUsage, []string{"jsonl"}},
		{"classify cat.png --labels labels.txt", exitFailed, []string{"labels.txt holds 2 labels", "1000 classes"}},
		{"classify cat.png --labels cat.png", exitUsage, []string{"labels cat.png: it is an image"}},
		{"classify cat.png --labels docs/readme.txt", exitFailed, []string{"holds 1 label,", "1000 classes"}},
		{"classify cat.png -m own", exitFailed, []string{`ortho.json: unknown key "inputsize"`, `did you mean "input_size"?`}},
		{"classify cat.png -m quotes", exitFailed, []string{"ortho.json: not JSON", "keys stand in double quotes"}},
		{"classify cat.png -m open --input-size 32 --invert", exitFailed, []string{"ortho classify -m open --input-size 32 --invert --mean 0.485,0.456,0.406 --std", "ImageNet's usual", "an ortho.json beside it: {\"input_size\": 32, \"invert\": true,"}},
		{"classify cat.png --mean 0.485 0.456 0.406", exitUsage, []string{"no file is called 0.456", "--mean 0.485,0.456,0.406"}},
		{"classify cat.png --mean 0.485,0.456", exitUsage, []string{"has 2 values", "three separated by commas"}},
		{"classify cat.png --mean 123.675,116.28,103.53 --std 58.395,57.12,57.375", exitFailed, []string{"input range 0,1", "--input-range 0,255"}},
		{"classify cat.png --input-range 0,255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225", exitFailed, []string{"pixels from 0 to 1", "--input-range 0,1"}},
		{"classify cat.png --std 0", exitUsage, []string{"nothing can be divided by"}},
		{"classify cat.png --input-size 224,224", exitUsage, []string{"height x width (224x320)"}},
		{"runtime list --onnxruntime nosuch.so", exitFailed, []string{"--onnxruntime", "nosuch.so", "no such file"}},
		{"runtime list --onnxruntime cat.png", exitFailed, []string{"not a shared library"}},
		{"runtime list --onnxruntime empty", exitFailed, []string{"has no libonnxruntime"}},

		{"classify cat.png -m vit/config.json", exitFailed, []string{"name its folder, -m vit"}},
		{"classify torch cat.png", exitUsage, []string{"torch is a folder with a model", "name it with -m"}},
		{"classify cat.png -m torch", exitFailed, []string{`"torch/a.onnx"`}},
		{"classify cat.png -m zoo", exitFailed, []string{"its sub-folders hold models", "-m zoo/a, -m zoo/b"}},
		{"classify cat.png --labels cat,dog,bird", exitUsage, []string{"a file with the classes' names, one a line"}},
		{"classify cat.png --labels nosuch.txt", exitFailed, []string{"--labels", "nosuch.txt", "no such file"}},
		{"classify cat.png --settings nosuch.json", exitFailed, []string{"nosuch.json: no such file"}},
		{"classify cat.png --json", exitUsage, []string{"-f jsonl"}},
		{"classify cat.png --size 224", exitUsage, []string{"did you mean --input-size?"}},
		{"classify cat.png -o a.csv -o b.csv", exitUsage, []string{"--output is given twice, as a.csv and as b.csv"}},
		{"classify cat.png -m vit -m tf", exitUsage, []string{"--model is given twice"}},
		{"eval --data photos --data docs", exitUsage, []string{"--data is given twice"}},
		{"classify -- -dash.jpg -k 1", exitUsage, []string{"-k stands behind --", "before it"}},
		{"classify -dash.jpg", exitUsage, []string{"./-dash.jpg", "behind --"}},
		{"classify cat.png --html page.txt", exitUsage, []string{"page.txt", ".html"}},
		{"inspect -m span-x4 --classes", exitFailed, []string{"has no classes", "of images"}},
		{"inspect -m alone.onnx --classes --labels labels.txt", exitOK, []string{"0\t\tcat\t\n1\t\tdog"}},

		// What failed is told, wherever the rows go.
		{"classify photos/nosuch/ -o z1.csv", exitItems, []string{"ortho: 1 image, 1 failed\n", "warning: photos/nosuch/: no such file"}},
		{"classify cat.png nosuch.jpg empty.png -o z2.csv", exitItems, []string{"3 images, 2 failed, ", "images/s", "warning: nosuch.jpg: no such file or directory\n", "warning: empty.png: ", "the file is empty"}},
		{"classify nosuch.jpg neither.jpg", exitItems, []string{"none of the 2 files named is there\n", "warning: nosuch.jpg: no such file", "warning: neither.jpg: no such file"}},
		{"classify a1.jpg a2.jpg a3.jpg a4.jpg a5.jpg cat.png -o z4.jsonl", exitItems, []string{"6 images, 5 failed, ", "warning: a3.jpg: ", "of the other 2, see z4.jsonl: jq -c 'select(.error) | [.input, .error.message]' z4.jsonl\n"}},
		{"classify a1.jpg a2.jpg a3.jpg a4.jpg cat.png -f csv", exitItems, []string{"of the other 1, see the rows\n"}},
		{"classify cat.png docs -o z5.csv", exitItems, []string{"2 images, 1 failed", "warning: docs: it holds no images", ".txt"}},
		{"classify cat.png *.gif -o z6.csv", exitItems, []string{"2 images, 1 failed", "*.gif: ", "matches nothing"}},
		{"classify cat.png cat.png --shard 2/2", exitUsage, []string{"shards are counted from 0", "0/2 to 1/2"}},
		{"classify cat.png cat.png cat.png cat.png --shard 1/2 -o z7.csv", exitOK, []string{"shard 1/2 (0/2 is the first): 2 images"}},
		{"classify l.tar -o z3.csv", exitItems, []string{"not a tar archive: by its bytes, it is text"}},
		{"generate empty.png -o FAILED", exitItems, []string{"FAILED: 1 image, 1 failed\n", "warning: empty.png: ", "the file is empty"}},
		{"generate cat.png -o MADE", exitOK, []string{"MADE: 1 image, 0 failed"}},
		{"generate cat.png -o made.png", exitOK, []string{"ortho: made.png: 32x32\n"}},
		{"generate --class 7 -n 2 --seed 1 -o between.gif --grid sheet.png", exitOK, []string{"between.gif: 2 images of 28x28", "sheet.png: 2 images, "}},

		// Texts.
		{"classify-text @list.txt", exitUsage, []string{"--texts list.txt"}},
		{"classify-text list.txt", exitUsage, []string{"--texts list.txt", "--file list.txt"}},
		{"classify-text photo.jpg", exitUsage, []string{"ortho classify photo.jpg"}},
		{"classify-text a the -f csv", exitOK, []string{"input,rank,index,id,label,probability,doubt,error_kind,error,input_bytes\n", "the text has no word that carries meaning", "as the rows say"}},
		{"classify-text --texts blank.txt", exitFailed, []string{"texts blank.txt: it has no texts"}},
		{"classify-text --texts -", exitFailed, []string{"standard input: it has no texts"}},
		{"imagine --text seven -o i.gif", exitUsage, []string{"no animation", ".png"}},
		{"imagine --text seven --json st.txt", exitUsage, []string{"st.txt", ".json"}},

		// Other commands.
		{"runtime install cuda", exitUsage, []string{"--flavor cuda"}},
		{"bench -m vit", exitUsage, []string{"it is one of `ortho bench run`"}},
		{"bench report lines.jsonl", exitFailed, []string{"it is another file"}},
		{"upscale photo.jpg", exitUsage, []string{"ortho generate photo.jpg"}},
		{"license", exitUsage, []string{"did you mean licenses?"}},
		{"sbom", exitUsage, []string{"ortho licenses --spdx"}},
		{"licenses --text", exitUsage, []string{"no flag --text"}},
		{"licenses nosuch", exitFailed, []string{`nothing in the binary is called "nosuch"`, "ortho licenses"}},
		{"predict photo.jpg", exitUsage, []string{"ortho classify photo.jpg"}},
		{"detect photo.jpg", exitItems, []string{"photo.jpg: no such file or directory"}},
		{"describe cat.png -o described.jsonl", exitFailed, []string{"OpenAI wants an API key: set " + envKey}},
		{"describe cat.png --dry-run -o d.png", exitUsage, []string{"d.png", ".jsonl"}},
		{"eval --data cat.png", exitFailed, []string{"cat.png is an image", "sub-folder for each class"}},
		{"generate cat.png --scale 2", exitUsage, []string{"-m span-x2"}},
		{"generate --text bold --seed 1 -o bold.png", exitOK, []string{`"bold" names no digit`}},
		{"generate --text 7,eights --text not-seven --seed 1 -o DIGITS", exitOK, []string{`"7,eights" names 2 digits`, `"not-seven" says what is not to be drawn`}},
		{"generate -o x.png", exitUsage, []string{"name images, or give --text or --class"}},
		{"generate --class 7 -n 2 -o x.png", exitUsage, []string{".gif"}},
		{"generate --text seven --seed -1 -o x.png", exitUsage, []string{"--seed", "from 0 to 18446744073709551615"}},
		{"describe cat.png", exitFailed, []string{"OpenAI wants an API key: set " + envKey, envBaseURL}},
		{"imagine cat.png -o x.png --json x.json", exitItems, []string{envKey, envBaseURL, "-g names one that takes texts", "Stable Diffusion pipeline", "x.png is not written"}},
		{"generate cat.png", exitUsage, []string{"-o names no output"}},
		{"generate cat_on_a_mat -o x.png", exitFailed, []string{"cat_on_a_mat: no such file"}},
		{"generate --text seven", exitUsage, []string{"give -o OUT"}},
		{"eval photos", exitUsage, []string{"--data"}},
		{"eval --data photos", exitFailed, []string{"has no sub-folders", "one for each class"}},
		{"classify cat.png -o o.jsonl --html o.jsonl.partial", exitUsage, []string{"o.jsonl.partial stands beside the output o.jsonl"}},
		{"bench", exitOK, []string{"run", "compare"}},
		{"compare cat.png", exitUsage, []string{"-m A -m B", "--providers"}},
		{"preprocess cat.png", exitUsage, []string{"-o FILE.npy"}},
	} {
		expect(t, c.code, c.want, strings.Fields(c.line)...)
	}
	expect(t, exitUsage, []string{"values are separated by commas: 0.485,0.456,0.406"}, "classify", "cat.png", "--mean", "0.485 0.456 0.406")
	expect(t, exitUsage, []string{`no file is called "a cat on a mat"`, "--text"}, "generate", "a cat on a mat", "-o", "x.png")
	expect(t, exitUsage, []string{`no file is called "an orange on a table"`, "--text"}, "imagine", "an orange on a table")
	expect(t, exitUsage, []string{"the text is empty"}, "generate", "--text", "", "-o", "x.png")
	for _, name := range []string{"described.jsonl.partial", "described.jsonl.run.json"} {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%s is left behind, without a key", name)
		}
	}
	t.Setenv(envBaseURL, "localhost:11434")
	expect(t, exitUsage, []string{envBaseURL + ` is "localhost:11434"`, "http://"}, "describe", "cat.png")
}

// expect runs a command line, and looks for words in what it prints.
func expect(t *testing.T, code int, want []string, args ...string) {
	t.Helper()
	got, stdout, stderr := execute(t, "", args...)
	for _, w := range want {
		if got != code || !strings.Contains(stdout+stderr, w) {
			t.Errorf("ortho %s: exit %d, %s%s; want exit %d and %q", strings.Join(args, " "), got, stdout, stderr, code, w)
			return
		}
	}
}
