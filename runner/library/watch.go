package library

import (
	"io/fs"
	"path/filepath"
	"time"
)

// watched is how often it is looked how much has come.
const watched = 500 * time.Millisecond

// watch tells Fetched what comes into a folder, until end is called.
func (in installer) watch(folder string) (end func()) {
	if in.opt.Fetched == nil {
		return func() {}
	}
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(watched)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				in.opt.Fetched(sizeOf(folder), true)
				return
			case <-ticker.C:
				in.opt.Fetched(sizeOf(folder), false)
			}
		}
	}()
	return func() {
		close(stop)
		<-ended
	}
}

// sizeOf adds up the files in a folder. What comes and goes meanwhile does not matter.
func sizeOf(folder string) (bytes int64) {
	filepath.WalkDir(folder, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			bytes += info.Size()
		}
		return nil
	})
	return bytes
}
