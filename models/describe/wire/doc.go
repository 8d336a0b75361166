// Package wire reads what chat servers send. They speak OpenAI's API each in its own way: content as text, as a
// list of parts or in a tool call; errors in five shapes, some of them with a 200; numbers as texts; streams where
// none was asked for. [Response] puts one form in the place of all of these, the one that OpenAI documents, so that a client
// which knows that alone can be used.
//
// Nothing is guessed: what is no answer and no error in any known form stays as it is.
package wire
