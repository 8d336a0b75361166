package preprocess

import (
	"errors"
	"time"

	"ortho/preprocess/codecs"
)

// webpSequence takes libwebpdemux, as Pillow does; without it there is the first frame alone.
func webpSequence(data []byte) *Sequence {
	if webpReader().Err != nil {
		return nil
	}
	s := &Sequence{}
	var delays []time.Duration
	err := riffChunks(data[12:], func(id string, chunk []byte) error {
		switch body := chunk[8:]; {
		case id == "ANIM" && len(body) >= 6:
			s.Plays = le16(body[4:])
		case id == "ANMF" && len(body) >= 16:
			delays = append(delays, time.Duration(le24(body[12:]))*time.Millisecond)
		}
		return nil
	})
	if s.Count = len(delays); s.Count < 2 || err != nil {
		return nil
	}
	s.Delay = delays[0]
	s.frames = func(yield func(timed, error) bool) {
		w, err := codecs.OpenWebP(data)
		if err != nil {
			yield(timed{}, err)
			return
		}
		defer w.Close()
		for i, delay := range delays {
			pix, err := w.Decode()
			if err == nil && len(pix) != 4*w.Width*w.Height {
				err = errors.New("it has another size")
			}
			if i == 0 && err == nil {
				continue
			}
			p := picture{icc: w.ICC, orientation: orientationOf(w.EXIF, w.XMP), width: w.Width, height: w.Height}
			if err == nil {
				p.img = newImage(w.Width, w.Height, 3)
				if dropAlpha(p.img.Pix, pix); w.Alpha {
					p.alpha = fourths(pix)
				}
			}
			if !yield(timed{p, delay}, err) || err != nil {
				return
			}
		}
	}
	return s
}
