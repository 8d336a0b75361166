package remedy

import "ortho/preprocess"

// tooLarge names the flag that allows larger images.
func tooLarge(e *preprocess.TooLargeError) string { return e.Error() + " (--max-pixels)" }
