package boxes

// YOLOv5 of its own repository (detect.py, utils/general.py), and graphs that are written as it
// writes them: YOLOv7 with its grid. YOLOv6 has a place for each cell, and 1 for whether there is
// anything.
var (
	yolov5 = &Family{Name: "yolov5", About: "YOLOv5 of its own repository, YOLOv7: a row for each of three anchors a cell, cx,cy,w,h in pixels, objectness, scores",
		Fit: func(g *Graph) *Head {
			h := fitObjectness(g, 3)
			if h == nil {
				return nil
			}
			h.Rules, h.RulesBy = Rules{Confidence: 0.25, Overlap: 0.45, Most: 1000, Suppression: Torch}, "YOLOv5's detect.py"
			h.Input, h.Frame, h.decode = letterbox, Centred, rowsOfScores(5, nil)
			return h
		}}
	yolov6 = &Family{Name: "yolov6", About: "YOLOv6: a row for each cell, cx,cy,w,h in pixels, objectness (1), scores",
		Fit: func(g *Graph) *Head {
			h := fitObjectness(g, 1)
			if h == nil || g.Ops["Exp"] > 0 {
				return nil
			}
			h.Rules, h.RulesBy = Rules{Confidence: 0.4, Overlap: 0.45, Most: 1000, Suppression: Torch}, "YOLOv6's infer.py"
			h.Input, h.Frame, h.decode = letterbox, Centred, rowsOfScores(5, nil)
			return h
		}}
)

// fitObjectness fits [N,places,5+classes] of so many anchors a cell.
func fitObjectness(g *Graph, anchors int) *Head {
	if g.byUltralytics() || len(g.Outputs) == 0 || g.output("pred_boxes") != nil { // the boxes of queries are an output of their own
		return nil
	}
	// YOLOv5's training exports have the maps of each stride beside it.
	out := g.Outputs[0]
	if len(out.Dims) != 3 || !isFloat(out) {
		return nil
	}
	places, n := out.Dims[1], out.Dims[2]
	classes := g.Stated.Classes
	if classes == 0 && n.Fixed() && n.Size <= mostClasses {
		classes = int(n.Size) - 5
	}
	if !n.Fixed() || n.Size != int64(classes)+5 || classes < 1 || !g.ofStrides(places, anchors) {
		return nil
	}
	return &Head{By: "graph (shape of " + out.Name + ")", Outputs: []string{out.Name}, Classes: classes,
		Reading: "a row for each place: cx,cy,w,h in pixels of the input, whether there is anything, the scores of the classes"}
}
