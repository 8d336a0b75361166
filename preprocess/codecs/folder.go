package codecs

import (
	"os"
	"path/filepath"
	"runtime"
)

// Folder is where ortho installs the libraries: codecs/pillow-<os>-<arch> in the user's data
// folder, which is $ORTHO_DATA_DIR or the system's place for such. "" where there is none. (Package
// runner/library, which installs them, has the same rule; neither package knows the other.)
func Folder() string {
	data := os.Getenv("ORTHO_DATA_DIR")
	if data == "" {
		data = userData()
	}
	if data == "" {
		return ""
	}
	return filepath.Join(data, "codecs", "pillow-"+runtime.GOOS+"-"+runtime.GOARCH)
}

func userData() string {
	home, err := os.UserHomeDir()
	switch dir := os.Getenv("XDG_DATA_HOME"); {
	case runtime.GOOS == "windows":
		if dir := os.Getenv("LocalAppData"); dir != "" {
			return filepath.Join(dir, "ortho")
		}
		return ""
	case runtime.GOOS != "darwin" && filepath.IsAbs(dir):
		return filepath.Join(dir, "ortho")
	case err != nil || !filepath.IsAbs(home):
		return ""
	case runtime.GOOS == "darwin":
		return filepath.Join(home, "Library", "Application Support", "ortho")
	}
	return filepath.Join(home, ".local", "share", "ortho")
}
