package main

import (
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/models/describe"
)

const categoryChat = "Who describes"

// The environment variables of the chat side: the names that OpenAI's own clients read.
const envKey, envBaseURL = "OPENAI_API_KEY", "OPENAI_BASE_URL"

// chatFlags say who describes images, and how. The key comes from the environment alone: a
// command line is seen by others.
func chatFlags() []cli.Flag {
	const chat = categoryChat
	return []cli.Flag{
		&cli.StringFlag{Name: "prompt", Value: "caption", Category: chat, Usage: "what is asked for: a built-in `NAME`, or a FILE with a template"},
		&cli.StringFlag{Name: "lang", Category: chat, DefaultText: "the prompt's", Usage: "`LANGUAGE` of the description, such as German or de"},
		&cli.StringFlag{Name: "chat-model", Value: describe.DefaultModel, Category: chat, Usage: "`MODEL` of the server that is asked"},
		&cli.StringFlag{Name: "detail", Value: string(describe.DetailAuto), Category: chat, Usage: "how closely it looks: `DETAIL` is low, high or auto"},
		&cli.IntFlag{Name: "max-side", Category: chat, DefaultText: "1024; 512 with --detail low", Usage: "larger images are sent smaller: `PIXELS` of the long side"},
		&cli.StringFlag{Name: "cache", Category: chat, Usage: "keep answers in the `FOLDER`, and take those that are there"},
		&cli.BoolFlag{Name: "offline", Category: chat, Usage: "nothing leaves this machine: answers come from --cache, or from a server on it"},
		&cli.DurationFlag{Name: "timeout", Value: 2 * time.Minute, Category: chat, Usage: "wait so long for an answer (`TIME`, such as 90s) before asking again"},
		&cli.IntFlag{Name: "budget", Category: chat, DefaultText: "none", Usage: "`TOKENS` of all requests together; none is sent beyond it"},
	}
}

// chatOptions reads chatFlags, and the environment.
func chatOptions(c *cli.Context) (o describe.Options, err error) {
	switch {
	case c.IsSet("max-side") && c.Int("max-side") < 1:
		return o, usagef("--max-side %d: pixels, at least 1", c.Int("max-side"))
	case c.Duration("timeout") <= 0:
		return o, usagef("--timeout %v: a time above 0, such as 90s", c.Duration("timeout"))
	case c.IsSet("budget") && c.Int("budget") < 1:
		return o, usagef("--budget %d: tokens, at least 1", c.Int("budget"))
	case c.IsSet("cache") && c.String("cache") == "":
		return o, usagef("--cache names no folder")
	}
	o = describe.Options{
		BaseURL: os.Getenv(envBaseURL), Key: describe.NewKey(os.Getenv(envKey)), Model: c.String("chat-model"),
		Language: c.String("lang"), Detail: describe.Detail(c.String("detail")), MaxSide: c.Int("max-side"), MaxPixels: c.Int64("max-pixels"),
		Budget: c.Int("budget"), Timeout: c.Duration("timeout"), Cache: c.String("cache"), Offline: c.Bool("offline"),
		Notify: func(line string) { slog.Info(line) },
	}
	if o.Prompt, err = describe.FindPrompt(c.String("prompt")); err != nil {
		return o, usageError{fmt.Errorf("--prompt: %w", err)}
	}
	return o, nil
}

// describerOf opens what chatFlags name. Nothing is sent yet.
func describerOf(c *cli.Context) (*describe.Describer, error) {
	o, err := chatOptions(c)
	if err != nil {
		return nil, err
	}
	return openDescriber(o)
}

func openDescriber(o describe.Options) (*describe.Describer, error) {
	d, err := describe.Open(o)
	switch {
	case err == nil:
		return d, nil
	case strings.Contains(err.Error(), "API's address") && !strings.Contains(o.BaseURL, "@"): // which may hold a password
		return nil, usagef("%s is %q: %w (such as http://localhost:11434/v1)", envBaseURL, o.BaseURL, err)
	}
	return nil, usageError{err}
}

// checkKey refuses to begin where a server wants a key, there is none, and no earlier answer
// can stand in.
func checkKey(c *cli.Context) error {
	if os.Getenv(envKey) != "" || os.Getenv(envBaseURL) != "" || c.IsSet("cache") || c.Bool("offline") {
		return nil
	}
	return fmt.Errorf("OpenAI wants an API key: set %s, or %s to a server of your own, such as http://localhost:11434/v1; --dry-run shows what would be sent", envKey, envBaseURL)
}

// tellHost says, once a run and before it happens, that images leave the machine. Without a
// key OpenAI's own server gets none.
func tellHost(d *describe.Describer, offline bool) {
	keyless := os.Getenv(envKey) == "" && os.Getenv(envBaseURL) == ""
	if host := d.Host(); !host.Loopback && !offline && !keyless {
		slog.Info(fmt.Sprintf("images leave this machine: they are sent to %s, unless an earlier answer is kept (--cache); --offline sends none", host.Name))
	}
}
