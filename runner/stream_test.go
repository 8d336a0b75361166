package runner

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestMapKeepsOrderAndErrors(t *testing.T) {
	for _, limit := range []int{1, 2, 7} {
		var active, most atomic.Int32
		i := 0
		for r := range Map(t.Context(), count(500), limit, func(_ context.Context, n int) (string, error) {
			now := active.Add(1)
			for m := most.Load(); now > m && !most.CompareAndSwap(m, now); m = most.Load() {
			}
			defer active.Add(-1)
			if rand.IntN(4) == 0 {
				runtime.Gosched()
			}
			if n%10 == 3 {
				return "", fmt.Errorf("item %d", n)
			}
			return fmt.Sprint(n), nil
		}) {
			switch {
			case r.Item != i:
				t.Fatalf("limit %d: item %d came where %d was due", limit, r.Item, i)
			case i%10 == 3 && (r.Err == nil || r.Err.Error() != fmt.Sprintf("item %d", i)):
				t.Fatalf("limit %d: item %d: error %v", limit, i, r.Err)
			case i%10 != 3 && (r.Err != nil || r.Value != fmt.Sprint(i)):
				t.Fatalf("limit %d: item %d: %q, %v", limit, i, r.Value, r.Err)
			}
			i++
		}
		if i != 500 {
			t.Errorf("limit %d: %d results of 500", limit, i)
		}
		if m := int(most.Load()); m > limit {
			t.Errorf("limit %d: %d ran at once", limit, m)
		}
	}
}

func TestMapRunsAheadOnlySoFar(t *testing.T) {
	const limit = 3
	release := make(chan struct{})
	var pulled atomic.Int32
	source := func(yield func(int) bool) {
		for i := range 1000 {
			pulled.Add(1)
			if !yield(i) {
				return
			}
		}
	}
	next, stop := iter.Pull(Map(t.Context(), source, limit, func(_ context.Context, n int) (int, error) {
		if n == 0 {
			<-release // the first item is the slowest: all others wait behind it
		}
		return n, nil
	}))
	defer stop()
	time.AfterFunc(50*time.Millisecond, func() { close(release) })
	if r, ok := next(); !ok || r.Item != 0 {
		t.Fatalf("first result %+v, %v", r, ok)
	}
	if n := int(pulled.Load()); n > 2*(limit+1)+3 {
		t.Errorf("%d items were pulled while the first was unfinished", n)
	}
}

func TestMapEndsEarly(t *testing.T) {
	t.Run("consumer stops", func(t *testing.T) {
		var active atomic.Int32
		for r := range Map(t.Context(), count(1000), 4, func(context.Context, int) (int, error) {
			active.Add(1)
			defer active.Add(-1)
			return 0, nil
		}) {
			if r.Item == 10 {
				break
			}
		}
		if n := active.Load(); n != 0 {
			t.Errorf("%d calls ran on after the loop", n)
		}
	})
	t.Run("context", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var got []int
		for r := range Map(ctx, count(1000), 4, func(ctx context.Context, n int) (int, error) {
			if n == 20 {
				cancel()
			}
			if n >= 20 {
				<-ctx.Done()
				return 0, ctx.Err()
			}
			return n, nil
		}) {
			if r.Err != nil {
				t.Errorf("item %d: an interrupted item must give no result, got %v", r.Item, r.Err)
			}
			got = append(got, r.Item)
		}
		if want := slices.Collect(count(20)); !slices.Equal(got, want) {
			t.Errorf("kept %v, want all before the interruption: %v", got, want)
		}
	})
	t.Run("source blocked", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		block := make(chan struct{})
		defer close(block)
		source := func(yield func(int) bool) {
			yield(1)
			<-block
		}
		ended := make(chan int)
		go func() {
			n := 0
			for range Map(ctx, source, 2, func(context.Context, int) (int, error) { return 0, nil }) {
				n++
				cancel()
			}
			ended <- n
		}()
		select {
		case n := <-ended:
			if n != 1 {
				t.Errorf("%d results, want 1", n)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("a blocked source held up the end")
		}
	})
}

func TestParseProviders(t *testing.T) {
	got, err := ParseProviders("CUDA, cpu", []string{"cuda.device_id=1", "cuda.key=a=b"})
	if err != nil || len(got) != 2 || got[0].Name != "cuda" || got[1].Name != CPU ||
		got[0].Options["device_id"] != "1" || got[0].Options["key"] != "a=b" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, c := range []struct {
		list    string
		options []string
	}{
		{"", nil}, {"gpu", nil}, {"cpu,cpu", nil}, {"cpu,", nil},
		{"cpu", []string{"cuda.device_id=0"}}, {"cuda", []string{"device_id=0"}}, {"cuda", []string{"cuda.device_id"}}, {"cuda", []string{"cuda.=1"}},
	} {
		if got, err := ParseProviders(c.list, c.options); err == nil {
			t.Errorf("ParseProviders(%q, %q) = %+v, want an error", c.list, c.options, got)
		}
	}
}

// FuzzParseProviders: providers are known ones, each once, and an option is that of its provider;
// OpenVINO's devices are told from what is none.
func FuzzParseProviders(f *testing.F) {
	f.Add("CUDA, cpu", "cuda.device_id=1", "cuda.key=a=b")
	f.Add("openvino+cpu", "openvino.device_type=HETERO:GPU.1(4),-NPU", "cpu.x=")
	f.Add("openvino", "openvino.device_type=AUTO:", "OpenVINO.device_type=BATCH:GPU(16")
	f.Add("cuda,cuda", ".=", "cuda.")
	f.Add("gpu:0,CUDAExecutionProvider", "=", "\x00.\x00=\x00")
	f.Fuzz(func(t *testing.T, list, first, second string) {
		for _, parse := range []func(string, []string) ([]Provider, error){ParseProviders, ParseJoined} {
			providers, err := parse(list, []string{first, second})
			if err != nil {
				continue
			}
			seen := map[string]bool{}
			for _, p := range providers {
				if _, known := kinds[p.Name]; !known || seen[p.Name] {
					t.Errorf("%q: %+v", list, providers)
				}
				seen[p.Name] = true
				for key, value := range p.Options {
					option := strings.ToLower(p.Name+"."+key) + "=" + value
					given := func(s string) string {
						key, value, _ := strings.Cut(s, "=")
						return strings.ToLower(key) + "=" + value
					}
					if key == "" || option != given(first) && option != given(second) {
						t.Errorf("%q, %q: %s", first, second, option)
					}
				}
				p.onCPU()
				withThreads(providers, 3)
				for _, name := range devicesIn(p.Options["device_type"]) {
					if realDevice.MatchString(name) && !slices.Contains([]string{"CPU", "GPU", "NPU"}, kindOfDevice(name)) {
						t.Errorf("device %q", name)
					}
				}
			}
		}
	})
}

func TestParseJoined(t *testing.T) {
	got, err := ParseJoined("cuda+cpu", []string{"cuda.device_id=1", "openvino.device_type=GPU"})
	if err != nil || len(got) != 2 || got[0].Name != "cuda" || len(got[0].Options) != 1 || got[1].Name != CPU || len(got[1].Options) != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, entry := range []string{"", "cpu+gpu", "cpu+cpu", "cpu+"} {
		if got, err := ParseJoined(entry, nil); err == nil {
			t.Errorf("ParseJoined(%q) = %+v, want an error", entry, got)
		}
	}
}
