// Package equality says whether outputs are the same as a reference's, and how far off
// they are where they are not.
//
// Two providers, or two levels of graph optimisation, sum in different orders and so never
// agree to the last bit. What they may differ by follows from the precision that the graph
// computes in ([PrecisionOf], [Precision.Tolerance]) and from the size of the output's own
// values: differences are measured against the root mean square of the reference (its RMS),
// so that logits of 20 and probabilities of 0.001 are treated alike. One output's elements
// should be of one kind: where boxes in pixels and scores below 1 share a tensor, the
// boxes set the scale.
package equality
