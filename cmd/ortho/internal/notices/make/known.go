package main

import (
	"ortho/cmd/ortho/internal/notices"
	"ortho/runner/library"
)

// choices are modules whose LICENSE leaves a choice: which text is taken, and what they declare.
var choices = map[string]struct{ text, declared string }{
	"github.com/golang/freetype": {"licenses/ftl.txt", "FTL OR GPL-2.0-or-later"},
}

// remarks are what licences ask to be said, and how a part comes to be linked.
var remarks = map[string]string{
	"codeberg.org/go-fonts/liberation": "the Liberation fonts, unchanged, by whose widths figures of reports are laid out (through gonum.org/v1/plot)",
	"github.com/ajstarks/svgo":         "SVGo, by Anthony Starks, unchanged; draws figures of reports (through gonum.org/v1/plot)",
	"github.com/golang/freetype": "Portions of this software are copyright © 2010 The FreeType Project (www.freetype.org). All rights reserved. " +
		"Linked, and not called: gonum.org/v1/plot imports its drawing of bitmaps",
	"codeberg.org/go-pdf/fpdf": "linked, and not called: gonum.org/v1/plot imports its writing of PDF",
	"git.sr.ht/~sbinet/gg":     "linked, and not called: gonum.org/v1/plot imports its drawing of bitmaps",
}

// code is what is compiled in and in no module of its own. One without a text has the project's own.
var code = []struct {
	notices.Part
	text string
}{
	{notices.Part{Kind: notices.Code, Name: "headers of ONNX Runtime", Licence: "MIT", Note: "the declarations of its C API, in github.com/yalue/onnxruntime_go"},
		"MIT License\n\nCopyright (c) Microsoft Corporation\n" + mit},
	{notices.Part{Kind: notices.Code, Name: "defaults of transformers and diffusers", Licence: "Apache-2.0",
		Note: "names and default values of Hugging Face's image processors and schedulers (models/config/transformers.json, models/scheduler/defaults.json)"}, ""},
}

const mit = `
Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`

// loaded are libraries that the program loads where they are, with the licences of their own. Their
// texts lie beside those that runtime install brings.
var loaded = []notices.Part{
	{Kind: notices.Loaded, Name: "ONNX Runtime", Licence: "MIT", Note: library.MinVersion + " or later; `ortho runtime install` puts its LICENSE and ThirdPartyNotices.txt beside it"},
	{Kind: notices.Loaded, Name: "libjpeg-turbo", Licence: "IJG AND BSD-3-Clause AND Zlib", Note: pillows},
	{Kind: notices.Loaded, Name: "libtiff", Licence: "libtiff", Note: pillows + ", with liblzma (public domain) and Zstandard (BSD-3-Clause)"},
	{Kind: notices.Loaded, Name: "libavif", Licence: "BSD-2-Clause", Note: pillows + ", with dav1d, libaom and libyuv (BSD) within"},
	{Kind: notices.Loaded, Name: "libwebp", Licence: "BSD-3-Clause", Note: pillows},
	{Kind: notices.Loaded, Name: "libwebpdemux", Licence: "BSD-3-Clause", Note: pillows},
	{Kind: notices.Loaded, Name: "OpenJPEG", Licence: "BSD-2-Clause", Note: pillows},
	{Kind: notices.Loaded, Name: "Little CMS", Licence: "MIT", Note: pillows},
	{Kind: notices.Loaded, Name: "libheif", Licence: "LGPL-3.0-or-later", Note: systems},
	{Kind: notices.Loaded, Name: "libjxl", Licence: "BSD-3-Clause", Note: systems},
}

const (
	pillows = "out of Pillow's wheel, whose LICENSE `ortho runtime install` puts beside it, or the system's"
	systems = "the system's"
)
