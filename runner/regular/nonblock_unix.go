//go:build unix

package regular

import "syscall"

// nonblock has a pipe be opened before it has a writer. Regular files know no difference.
const nonblock = syscall.O_NONBLOCK
