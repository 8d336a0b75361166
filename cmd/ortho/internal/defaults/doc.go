// Package defaults reads what a user has set for all runs, or for those of one command:
//
//	ORTHO_GENERATE_PROVIDER, ORTHO_PROVIDER ──┐
//	config.json: {"generate": {"provider"}},  ├─ Read ─> Set ─ Of(command, flag) ─> values, and where they are from
//	             {"provider"}                 ┘
//
// What stands first wins; a flag that is typed wins over all. There is one rule for all flags that make
// sense as a default, and one file, in the user's own folder: nothing in the working folder decides. What
// a flag means, and whether a default suits a command, package flags knows.
package defaults
