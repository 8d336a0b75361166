package child

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

type ask struct{ Do string }

// TestMain makes the test binary a child where its environment asks for that.
func TestMain(m *testing.M) {
	if os.Getenv("CHILD") == "" {
		os.Exit(m.Run())
	}
	err := Serve(context.Background(), os.Stdin, os.Stdout, func(ctx context.Context, r ask) (any, error) {
		switch r.Do {
		case "fail":
			return nil, errors.New("it can't be done")
		case "die":
			fmt.Fprintln(os.Stderr, "last words")
			os.Exit(7)
		case "print":
			fmt.Println("a native library says something")
		case "garbage":
			fmt.Println("{garbage")
		case "wait":
			<-ctx.Done()
			return nil, ctx.Err()
		case "hang":
			time.Sleep(time.Hour)
		}
		return map[string]string{"did": r.Do}, nil
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func start(t *testing.T) *Process {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "CHILD=1")
	p, err := Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

func TestAsk(t *testing.T) {
	p := start(t)
	for _, do := range []string{"this", "print", "that"} {
		var did struct{ Did string }
		if err := p.Ask(t.Context(), ask{do}, &did); err != nil || did.Did != do {
			t.Errorf("%s: %+v, %v", do, did, err)
		}
		if err := p.Ask(t.Context(), ask{"fail"}, &did); err == nil || err.Error() != "it can't be done" {
			t.Errorf("fail: %v", err)
		}
	}
	p.Close()
	p.Close()
	if !p.cmd.ProcessState.Success() {
		t.Errorf("it ended by %v", p.cmd.ProcessState)
	}
}

func TestChildEnds(t *testing.T) {
	for do, want := range map[string]string{"die": "exit status 7: last words", "garbage": "something else"} {
		p := start(t)
		var value any
		if err := p.Ask(t.Context(), ask{do}, &value); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", do, err, want)
		}
	}
	if _, err := Start(exec.Command("./no such program")); err == nil {
		t.Error("a program that is not there: no error")
	}
}

// TestInterrupted: a child at work ends with its parent's interest in it.
func TestInterrupted(t *testing.T) {
	for _, do := range []string{"wait", "hang"} {
		p := start(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(50*time.Millisecond, cancel)
		var value any
		if err := p.Ask(ctx, ask{do}, &value); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", do, err)
		}
		p.Close()
		if killed := !p.cmd.ProcessState.Success(); killed != (do == "hang") {
			t.Errorf("%s: %v", do, p.cmd.ProcessState)
		}
	}
}

func FuzzServe(f *testing.F) {
	f.Add([]byte("{\"Do\":\"x\"}\n"))
	f.Add([]byte("null\n[]\n\n{\"Do\":1}\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		var out bytes.Buffer
		err := Serve(t.Context(), io.MultiReader(bytes.NewReader(in)), &out, func(_ context.Context, r ask) (any, error) { return r, nil })
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, "{") || !strings.HasSuffix(line, "}\n") {
				t.Fatalf("answered %q", line)
			}
		}
	})
}
