package flags

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
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
const (
	EnvKey, EnvBaseURL, EnvChatModel = "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"
	envAzureKey                      = "AZURE_OPENAI_API_KEY" // where there is no EnvKey
	envOrganization, envProject      = "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"
)

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
		&cli.StringFlag{Name: "chat-model", Category: chat, DefaultText: "$" + EnvChatModel + ", or " + describe.DefaultModel, Usage: "`MODEL` of the server that is asked"},
		&cli.StringFlag{Name: "detail", Value: string(describe.DetailAuto), Category: chat, Usage: "how closely it looks: `DETAIL` is low, high or auto"},
		&cli.IntFlag{Name: "max-side", Category: chat, DefaultText: "1024; 512 with --detail low", Usage: "larger images are sent smaller: `PIXELS` of the long side"},
		&cli.IntFlag{Name: "max-tokens", Category: chat, DefaultText: "800; 4000 for models that think", Usage: "`N` tokens of an answer, thoughts included; one that is cut off is asked for again with four times as many"},
		&cli.StringFlag{Name: "cache", Category: chat, DefaultText: "ortho/describe in the user's folder of caches", Usage: "keep answers in the `FOLDER`, and take those that are there, of the same server, model and question; off: none"},
		&cli.BoolFlag{Name: "offline", Category: chat, Usage: "nothing leaves this machine: answers come from --cache, or from a server on it"},
		&cli.BoolFlag{Name: "insecure", Category: chat, Usage: "send the key over http:// to another machine, for all on the way to read; it is refused otherwise"},
		&cli.DurationFlag{Name: "timeout", Value: 2 * time.Minute, Category: chat, Usage: "ask again after so long a silence (`TIME`, such as 90s)"},
		&cli.DurationFlag{Name: "deadline", Category: chat, DefaultText: "10m, or twice --timeout", Usage: "give an image up after `TIME`, all tries and waits included"},
		&cli.IntFlag{Name: "budget", Category: chat, DefaultText: "none", Usage: "`TOKENS` of all requests together; none is sent beyond it"},
		&cli.IntFlag{Name: "max-requests", Category: chat, DefaultText: "none", Usage: "`N` requests of all images together; none is sent beyond it"},
		&Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "header", Category: chat, Usage: "send a `HEADER` with each request, as in 'X-Title: photos'; $NAME stands for an environment variable, for what is secret"}},
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
	case c.Given("deadline") && line.Duration("deadline") <= 0:
		return commandline.Usagef("--deadline %v: a time above 0, such as 20m", line.Duration("deadline"))
	case c.Given("max-tokens") && line.Int("max-tokens") < 1:
		return commandline.Usagef("--max-tokens %d: at least 1", line.Int("max-tokens"))
	case c.Given("max-requests") && line.Int("max-requests") < 1:
		return commandline.Usagef("--max-requests %d: at least 1", line.Int("max-requests"))
	case c.Given("cache") && line.String("cache") == "":
		return commandline.Usagef("--cache names no folder")
	}
	if err := commandline.OneOf("detail", line.String("detail"), "low", "high", "auto"); err != nil {
		return err
	}
	h.Prompt, h.cached = line.String("prompt"), c.Given("cache")
	o := EnvironmentChat()
	o.Model = cmp.Or(line.String("chat-model"), o.Model)
	o.MaxTokens, o.MaxRequests, o.Deadline = line.Int("max-tokens"), line.Int("max-requests"), line.Duration("deadline")
	o.Language, o.Detail, o.MaxSide, o.MaxPixels = line.String("lang"), describe.Detail(line.String("detail")), line.Int("max-side"), line.Int64("max-pixels")
	o.Budget, o.Timeout, o.Cache = line.Int("budget"), line.Duration("timeout"), cacheFolder(line.String("cache"))
	o.Offline, o.Insecure, o.Notify = line.Bool("offline"), line.Bool("insecure"), c.Info
	h.Options = o
	if h.Options.Header, err = headers(c.Repeated("header")); err != nil {
		return err
	}
	if h.Options.Prompt, err = describe.FindPrompt(h.Prompt); err != nil {
		var names []string
		for _, p := range describe.Prompts() {
			names = append(names, p.Name)
		}
		return commandline.Usage(fmt.Errorf("--prompt: %w%s", err, commandline.DidYouMean(h.Prompt, names)))
	}
	return nil
}

// EnvironmentChat is what the environment says of who is asked.
func EnvironmentChat() describe.Options {
	return describe.Options{BaseURL: os.Getenv(EnvBaseURL), Key: describe.NewKey(chatKey()), Model: cmp.Or(os.Getenv(EnvChatModel), describe.DefaultModel),
		Organization: os.Getenv(envOrganization), Project: os.Getenv(envProject)}
}

// cacheFolder is where answers are kept; "": nowhere.
func cacheFolder(named string) string {
	if named == "off" {
		return ""
	}
	if named != "" {
		return named
	}
	user, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(user, "ortho", "describe")
}

// chatKey is the server's key.
func chatKey() string { return cmp.Or(os.Getenv(EnvKey), os.Getenv(envAzureKey)) }

var variable = regexp.MustCompile(`\$(\w+|\{\w+\})`)

// headers reads those of --header. Values out of the environment are not shown.
func headers(lines []string) (map[string]describe.Key, error) {
	all := map[string]describe.Key{}
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, commandline.Usagef("--header %q: a name, a colon and a value, such as 'X-Title: photos'", line)
		}
		missing := ""
		value = variable.ReplaceAllStringFunc(value, func(v string) string {
			v = strings.Trim(v, "${}")
			set, ok := os.LookupEnv(v)
			if !ok {
				missing = v
			}
			return set
		})
		if missing != "" {
			return nil, commandline.Usagef("--header %s: the environment variable %s is not set", name, missing)
		}
		all[name] = describe.NewKey(value)
	}
	return all, nil
}

// Open opens the server's client. Nothing is sent yet.
func (h *Chat) Open() (*describe.Describer, error) {
	d, err := describe.Open(h.Options)
	if errors.Is(err, describe.ErrCache) && !h.cached { // as in a container without a home
		h.Options.Notify(fmt.Sprintf("no answer is kept: %v (--cache FOLDER keeps them elsewhere)", err))
		h.Options.Cache = ""
		d, err = describe.Open(h.Options)
	}
	switch {
	case err == nil:
		return d, nil
	case errors.Is(err, describe.ErrCache):
		return nil, err
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
	if chatKey() != "" || os.Getenv(EnvBaseURL) != "" || h.cached || h.Options.Offline {
		return nil
	}
	return fmt.Errorf("OpenAI wants an API key: set %s, or %s to a server of your own, such as http://localhost:11434/v1; --dry-run shows what would be sent", EnvKey, EnvBaseURL)
}

// TellHost says, once a run and before it happens, that images leave the machine. Without a
// key OpenAI's own server gets none.
func (h *Chat) TellHost(ui *term.UI, d *describe.Describer) {
	host, keyed := d.Host(), chatKey() != ""
	if keyed && host.Plain && !host.Loopback && !h.Options.Offline { // by --insecure
		ui.Warn(fmt.Sprintf("the key is sent unencrypted to %s, for all on the way to read (--insecure)", host.Name))
	}
	keyless := !keyed && os.Getenv(EnvBaseURL) == ""
	if !host.Loopback && !h.Options.Offline && !keyless {
		ui.Info(fmt.Sprintf("images leave this machine: they are sent to %s, unless an earlier answer is kept (--cache); --offline sends none", host.Name))
	}
}
