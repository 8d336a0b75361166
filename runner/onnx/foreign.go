package onnx

import (
	"path/filepath"
	"strings"
)

const exportPyTorch = "; export the model to ONNX in Python (torch.onnx.export, or optimum-cli export onnx for one of Hugging Face's), and give the .onnx file"

const unfinished = "a download that was not finished; fetch the .onnx file anew"

// endings of files that hold models or parts of them, and are no ONNX files.
var endings = []struct{ ending, what string }{
	{".onnx.data", "the weights of an ONNX file that lies beside it; give that, the .onnx file"},
	{".onnx_data", "the weights of an ONNX file that lies beside it; give that, the .onnx file"},
	{".pt", "a PyTorch model" + exportPyTorch},
	{".pth", "a PyTorch model" + exportPyTorch},
	{".ckpt", "a checkpoint of PyTorch's or TensorFlow's" + exportPyTorch},
	{"pytorch_model.bin", "a PyTorch model's weights" + exportPyTorch},
	{".safetensors", "a model's weights" + exportPyTorch},
	{".gguf", "a language model for llama.cpp: serve it, and name the server by OPENAI_BASE_URL"},
	{".h5", "a Keras model; convert it (python -m tf2onnx.convert), and give the .onnx file"},
	{".keras", "a Keras model; export it (model.export(\"model.onnx\", format=\"onnx\")), and give the .onnx file"},
	{".pb", "a TensorFlow model; convert it (python -m tf2onnx.convert --saved-model FOLDER --output model.onnx), and give the .onnx file"},
	{".tflite", "a TensorFlow Lite model; convert it (python -m tf2onnx.convert --tflite FILE --output model.onnx), and give the .onnx file"},
	{".mlmodel", "a Core ML model; export the model that it was made from to ONNX"},
	{".engine", "a TensorRT engine; give the .onnx file that it was built from"},
	{".onnx.crdownload", unfinished},
	{".onnx.part", unfinished},
	{".onnx.partial", unfinished},
	{".onnx.download", unfinished},
	{".onnx.incomplete", unfinished},
	{".onnx.tmp", unfinished},
	{".xml", "an OpenVINO model; give the .onnx file that it was converted from"},
}

// namedAs says what a file is by its name, and what to do, where it is no ONNX file's.
func namedAs(path string) string {
	name := strings.ToLower(filepath.Base(path))
	for _, e := range endings {
		if strings.HasSuffix(name, e.ending) {
			return e.what
		}
	}
	return ""
}

// Foreign says of a folder's files which one holds a model that is no ONNX file, and what
// to do; "" where none does.
func Foreign(names []string) (name, what string) {
	for _, e := range endings {
		for _, name := range names {
			if strings.HasSuffix(strings.ToLower(name), e.ending) {
				return name, e.what
			}
		}
	}
	return "", ""
}
