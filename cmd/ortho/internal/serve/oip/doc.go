// Package oip answers the Open Inference Protocol, version 2, as Triton and KServe speak it:
//
//	REST: JSON, or a head of JSON and a tail of raw tensors --+                                    +--> REST
//	                                                          +--> request --infer--> response --+
//	gRPC: messages, with contents or raw tensors -------------+                                    +--> gRPC
//
// Tensors of the type BYTES, given for the image that a model takes, are encoded images: they
// become what the graph takes as `ortho preprocess` makes it.
package oip
