// Package serve answers requests with models that stay open:
//
//	HTTP --limits, token, metrics--> a route's body --catalog.Acquire--> what the command line makes of it --> JSON, or a picture
//	gRPC --limits, token, metrics--> package oip ---^
//
// Routes are tables: those of people (classify, embed, generate), of the Open Inference Protocol
// (package oip), of Hugging Face, OpenAI and immich. A route gets its body read, and returns an
// error that package fault turns into an answer.
package serve
