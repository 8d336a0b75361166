module ortho

go 1.26.0

require (
	github.com/disintegration/imaging v1.6.2
	github.com/jedib0t/go-pretty/v6 v6.8.3
	github.com/urfave/cli/v2 v2.27.7
	github.com/vbauerster/mpb/v8 v8.16.2
	github.com/yalue/onnxruntime_go v1.27.0
	golang.org/x/image v0.47.0
	golang.org/x/sys v0.49.0
	golang.org/x/term v0.46.0
	google.golang.org/protobuf v1.36.12
)
