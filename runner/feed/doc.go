// Package feed makes the inputs of any graph: synthetic values of the types and shapes that it
// declares, or the arrays of a file.
//
//	graph, seed --Synthetic--+
//	.npz, .npy --ReadNPZ-----+--> Set: arrays in the graph's order --Batch, Slice--> inputs of one run
//	arrays --Of, Whole-------+
//
// Which dimension is the batch, [BatchDim] finds from the graph.
package feed
