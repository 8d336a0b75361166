// Package flags reads a command's flags, once, into typed and checked values:
//
//	words --urfave/cli--> flags --Group.Read--> Session, Model, Images, Rows, ... --> the command
//
// A [Group] is flags that belong together, with what they mean; commands that share a group
// have the same flags, checks and messages. [Command] makes a command of its help, its groups
// and the function that carries it out, which gets a [Call]: below it nothing knows of a
// command line. What flags name of files is kept from being overwritten by [Call.Protect].
package flags
