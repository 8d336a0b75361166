package flags

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/describe"
)

// CategoryChat is that of the flags that say who describes.
const CategoryChat = "Who describes"

// The environment variables of the chat side: the names that OpenAI's own clients read.
const EnvKey, EnvBaseURL = "OPENAI_API_KEY", "OPENAI_BASE_URL"

// Chat says who describes images, and how. The key comes from the environment alone: a
// command line is seen by others.
type Chat struct {
	Options describe.Options
	Prompt  string // as it was named

	cached bool // --cache was given
}

func (*Chat) Flags() []cli.Flag {
	const chat = CategoryChat
	return []cli.Flag{
		&cli.StringFlag{Name: "prompt", Value: "caption", Category: chat, Usage: "what is asked for: a built-in `NAME`, or a FILE with a template"},
		&cli.StringFlag{Name: "lang", Category: chat, DefaultText: "the prompt's", Usage: "`LANGUAGE` of the description, such as German or de"},
		&cli.StringFlag{Name: "chat-model", Value: describe.DefaultModel, Category: chat, Usage: "`MODEL` of the server that is asked"},
		&cli.StringFlag{Name: "detail", Value: string(describe.DetailAuto), Category: chat, Usage: "how closely it looks: `DETAIL` is low, high or auto"},
		&cli.IntFlag{Name: "max-side", Category: chat, DefaultText: "1024; 512 with --detail low", Usage: "larger images are sent smaller: `PIXELS` of the long side"},
		&cli.StringFlag{Name: "cache", Category: chat, Usage: "keep answers in the `FOLDER`, and take those that are there"},
		&cli.BoolFlag{Name: "offline", Category: chat, Usage: "nothing leaves this machine: answers come from --cache, or from a server on it"},
		&cli.BoolFlag{Name: "insecure", Category: chat, Usage: "send the key over http:// to another machine, for all on the way to read; it is refused otherwise"},
		&cli.DurationFlag{Name: "timeout", Value: 2 * time.Minute, Category: chat, Usage: "wait so long for an answer (`TIME`, such as 90s) before asking again"},
		&cli.IntFlag{Name: "budget", Category: chat, DefaultText: "none", Usage: "`TOKENS` of all requests together; none is sent beyond it"},
	}
}

// Read takes the flags, and the environment.
func (h *Chat) Read(c *Call) (err error) {
	line := c.line
	switch {
	case c.Given("max-side") && line.Int("max-side") < 1:
		return commandline.Usagef("--max-side %d: pixels, at least 1", line.Int("max-side"))
	case line.Duration("timeout") <= 0:
		return commandline.Usagef("--timeout %v: a time above 0, such as 90s", line.Duration("timeout"))
	case c.Given("budget") && line.Int("budget") < 1:
		return commandline.Usagef("--budget %d: tokens, at least 1", line.Int("budget"))
	case c.Given("cache") && line.String("cache") == "":
		return commandline.Usagef("--cache names no folder")
	}
	h.Prompt, h.cached = line.String("prompt"), c.Given("cache")
	h.Options = describe.Options{
		BaseURL: os.Getenv(EnvBaseURL), Key: describe.NewKey(os.Getenv(EnvKey)), Model: line.String("chat-model"),
		Language: line.String("lang"), Detail: describe.Detail(line.String("detail")), MaxSide: line.Int("max-side"), MaxPixels: line.Int64("max-pixels"),
		Budget: line.Int("budget"), Timeout: line.Duration("timeout"), Cache: line.String("cache"), Offline: line.Bool("offline"), Insecure: line.Bool("insecure"),
		Notify: c.Info,
	}
	if h.Options.Prompt, err = describe.FindPrompt(h.Prompt); err != nil {
		return commandline.Usage(fmt.Errorf("--prompt: %w", err))
	}
	return nil
}

// Open opens the server's client. Nothing is sent yet.
func (h *Chat) Open() (*describe.Describer, error) {
	d, err := describe.Open(h.Options)
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, describe.ErrInsecure):
		return nil, commandline.Usagef("%s is %q: %w, for all on the way to read; give an https:// address, unset %s where the server wants no key, or send it all the same with --insecure", EnvBaseURL, h.Options.BaseURL, err, EnvKey)
	case strings.Contains(err.Error(), "API's address") && !strings.Contains(h.Options.BaseURL, "@"): // which may hold a password
		return nil, commandline.Usagef("%s is %q: %w (such as http://localhost:11434/v1)", EnvBaseURL, h.Options.BaseURL, err)
	}
	return nil, commandline.Usage(err)
}

// CheckKey refuses to begin where a server wants a key, there is none, and no earlier answer
// can stand in.
func (h *Chat) CheckKey() error {
	if os.Getenv(EnvKey) != "" || os.Getenv(EnvBaseURL) != "" || h.cached || h.Options.Offline {
		return nil
	}
	return fmt.Errorf("OpenAI wants an API key: set %s, or %s to a server of your own, such as http://localhost:11434/v1; --dry-run shows what would be sent", EnvKey, EnvBaseURL)
}

// TellHost says, once a run and before it happens, that images leave the machine. Without a
// key OpenAI's own server gets none.
func (h *Chat) TellHost(ui *term.UI, d *describe.Describer) {
	host, keyed := d.Host(), os.Getenv(EnvKey) != ""
	if keyed && host.Plain && !host.Loopback && !h.Options.Offline { // by --insecure
		ui.Warn(fmt.Sprintf("the key is sent unencrypted to %s, for all on the way to read (--insecure)", host.Name))
	}
	keyless := !keyed && os.Getenv(EnvBaseURL) == ""
	if !host.Loopback && !h.Options.Offline && !keyless {
		ui.Info(fmt.Sprintf("images leave this machine: they are sent to %s, unless an earlier answer is kept (--cache); --offline sends none", host.Name))
	}
}
