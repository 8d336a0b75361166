// Package scratch has the folders in which a run keeps temporary files: those that it hands
// to processes of its own. What a run that was killed has left behind, the next one clears:
//
//	New --> TMPDIR/ortho-KIND-N/lock, locked as long as the process lives --> Remove
//	  `--> others of that form whose lock nobody holds are removed
package scratch
