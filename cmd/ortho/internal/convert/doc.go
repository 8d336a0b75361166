// Package convert writes rows of results that are there in another format.
//
//	files --Open--> Inputs --Run--> (rows of one kind, in the order of the images) --Codec.Writer--> OUT
//
// What a file holds is told by its content: the format, and the kind of rows. Several are joined: shards
// in turn, others one after the other.
package convert
