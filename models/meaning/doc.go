// Package meaning tells from a graph what the values of one of its outputs are: probabilities,
// logarithms of them, or anything; codes of a quantised tensor; the largest few of many; one
// class alone. It walks the graph backwards from the output, through operators that keep
// values, or what is known of them, to those that make them.
//
//	output <- Cast <- Clip <- Mul by 100 <- Softmax      probabilities, in percent
//
// It holds rules of mathematics only: names, files and people's words are the business of
// package models.
package meaning
