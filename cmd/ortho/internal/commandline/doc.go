// Package commandline is what all commands have in common on their way in and out, whatever
// they do:
//
//	words --arrange--> flags, arguments --cli--> a command's action --error--> exit code, message
//
// It takes flags wherever they stand, says of a word that names nothing what it was likely
// to mean, completes words for a shell, wraps the help, and writes the reference of all
// commands. What flags mean, package flags knows.
package commandline
