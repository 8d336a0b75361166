// Package term is what people see at a terminal: notices ([UI]), a line of progress
// ([Progress], [Status]), numbers and names in words, and text from outside made safe to show
// ([Clean]).
package term
