// Package term is what people see at a terminal: notices, a progress line, numbers and names
// in words, and text from outside made safe to show.
package term
