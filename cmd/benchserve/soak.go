package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v4/process"
)

// endurance is a run of many requests while the model is loaded anew again and again.
type endurance struct {
	pid             int
	address, model  string // http://HOST:PORT; what is loaded anew
	requests, swaps int
	flight          int
}

// small is a photograph of a kind, of few bytes.
func small() []byte {
	img := image.NewRGBA(image.Rect(0, 0, 96, 64))
	for y := range 64 {
		for x := range 96 {
			img.Set(x, y, color.RGBA{byte(2 * x), byte(3 * y), byte(x * y), 255})
		}
	}
	var b bytes.Buffer
	jpeg.Encode(&b, img, nil)
	return b.Bytes()
}

// run makes the requests, of which each has to be answered with one and the same row, and tells what
// memory the process had.
func (e *endurance) run(ctx context.Context) error {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: e.flight + 1}, Timeout: 2 * time.Minute}
	post := func(path string, body []byte) (string, error) {
		r, err := http.NewRequestWithContext(ctx, "POST", e.address+path, bytes.NewReader(body))
		if err != nil {
			return "", err
		}
		r.Header.Set("Content-Type", "image/jpeg")
		response, err := client.Do(r)
		if err != nil {
			return "", err
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err == nil && response.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %d: %s", path, response.StatusCode, text)
		}
		return string(text), err
	}
	photo := small()
	want, err := post("/v1/classify", photo)
	if err != nil {
		return err
	}
	p, err := process.NewProcess(int32(e.pid))
	if err != nil {
		return err
	}
	began := time.Now()
	var done, swapped atomic.Int64
	var group sync.WaitGroup
	failed := make(chan error, e.flight+1)
	for range e.flight {
		group.Go(func() {
			for n := done.Add(1); n <= int64(e.requests); n = done.Add(1) {
				if got, err := post("/v1/classify", photo); err != nil || got != want {
					failed <- errors.Join(fmt.Errorf("request %d: %.200s", n, strings.TrimSpace(got)), err)
					done.Store(int64(e.requests)) // the others end, too
					return
				}
			}
		})
	}
	ended := make(chan struct{})
	go func() {
		group.Wait()
		close(ended)
	}()
	var resident []float64
	every := max(1, e.requests/(e.swaps+1))
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for next, sampled := every, 0; ; {
		select {
		case <-ended:
			return e.tell(resident, int(swapped.Load()), time.Since(began), failed)
		case err := <-failed:
			return err
		case <-tick.C:
		}
		n := int(done.Load())
		if n >= next && int(swapped.Load()) < e.swaps {
			next += every
			if _, err := post("/v2/repository/models/"+e.model+"/load", nil); err != nil {
				return fmt.Errorf("load: %w", err)
			}
			swapped.Add(1)
		}
		if n-sampled >= max(1, e.requests/200) {
			sampled = n
			if memory, err := p.MemoryInfo(); err == nil {
				resident = append(resident, float64(memory.RSS)/1e6)
			}
		}
	}
}

// tell prints the memory, the first tenth left out: caches fill in it.
func (e *endurance) tell(resident []float64, swaps int, took time.Duration, failed chan error) error {
	select {
	case err := <-failed:
		return err
	default:
	}
	late := slices.Clone(resident[len(resident)/10:])
	if len(late) == 0 {
		return errors.New("too few requests to tell")
	}
	quarter := func(part []float64) float64 {
		sum := 0.0
		for _, v := range part {
			sum += v
		}
		return sum / float64(max(1, len(part)))
	}
	first, last := quarter(late[:len(late)/4+1]), quarter(late[3*len(late)/4:])
	fmt.Printf("%d requests and %d swaps in %v, all answered alike; resident MB: %.0f to %.0f, mean of the first quarter %.0f, of the last %.0f (%+.1f %%)\n",
		e.requests, swaps, took.Round(time.Second), slices.Min(late), slices.Max(late), first, last, 100*(last/first-1))
	return nil
}
