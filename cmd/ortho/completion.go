package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/boxes"
	"ortho/models/bundled"
	"ortho/models/config"
	"ortho/models/scheduler"
	"ortho/runner"
	"ortho/runner/library"
)

// The scripts pass the words before the cursor, and the one under it, to
// `ortho complete`; where it answers nothing, the shell offers files.
var completions = map[string]string{
	"bash": `# source <(ortho completion bash)
_ortho() {
  local IFS=$'\n' cur
  cur="${COMP_LINE:0:COMP_POINT}"
  cur="${cur##* }"
  COMPREPLY=($("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null))
  if [ "${#COMPREPLY[@]}" -eq 0 ]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -F _ortho ortho
`,
	"zsh": `#compdef ortho
# ortho completion zsh > "${fpath[1]}/_ortho", or: source <(ortho completion zsh)
_ortho() {
  local -a answers
  answers=("${(@f)$("${words[1]}" complete "${(@)words[2,CURRENT-1]}" "${words[CURRENT]}" 2>/dev/null)}")
  if [[ -n "${answers[*]}" ]]; then
    compadd -- "${answers[@]}"
  else
    _files
  fi
}
if [[ "${funcstack[1]}" = _ortho ]]; then _ortho; else compdef _ortho ortho; fi
`,
	"fish": `# ortho completion fish > ~/.config/fish/completions/ortho.fish
function __ortho_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  set -l answers ($words[1] complete $words[2..-1] "$current" 2>/dev/null)
  if test (count $answers) -gt 0
    printf '%s\n' $answers
  else
    __fish_complete_path "$current"
  end
end
complete -c ortho -f -a '(__ortho_complete)'
`,
	"powershell": `# ortho completion powershell | Out-String | Invoke-Expression
Register-ArgumentCompleter -Native -CommandName ortho -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  $before = @($words | Select-Object -Skip 1)
  # the = keeps an empty last word, which PowerShell would not hand over
  & $words[0] complete --last=$wordToComplete @before 2>$null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`,
}

func newCompletionCommand() *cli.Command {
	return flags.Command(cli.Command{
		Name:        "completion",
		Usage:       "print a script that completes ortho's command line in a shell",
		ArgsUsage:   strings.Join(shells(), "|"),
		Description: "The script's first line says how to load it; for bash: source <(ortho completion bash)",
	}, printCompletion)
}

func shells() []string { return slices.Sorted(maps.Keys(completions)) }

func printCompletion(_ context.Context, call *flags.Call) error {
	if len(call.Args) == 1 && completions[call.Args[0]] != "" {
		_, err := fmt.Fprint(call.Out, completions[call.Args[0]])
		return err
	}
	return commandline.Usagef("name one shell: %s", strings.Join(shells(), ", "))
}

// newCompleteCommand answers the scripts, for the commands of an app. (cli's own completion
// reads os.Args, and offers flags where a flag's value is due.)
func newCompleteCommand(app func() *cli.App) *cli.Command {
	return flags.Command(cli.Command{
		Name: "complete", Hidden: true, SkipFlagParsing: true,
		Usage: "print what may stand at the end of a command line",
	}, func(_ context.Context, call *flags.Call) error { return complete(call, app()) })
}

func complete(call *flags.Call, app *cli.App) error {
	words := call.Args
	if len(words) > 0 {
		if last, ok := strings.CutPrefix(words[0], "--last="); ok {
			words = append(words[1:], last)
		}
	}
	for _, answer := range commandline.Complete(app, words, values()) {
		if _, err := fmt.Fprintln(call.Out, answer); err != nil {
			return err
		}
	}
	return nil
}

// taskNames are those of --task: embed is a command's own.
func taskNames() (names []string) {
	for _, t := range config.Tasks {
		if t != config.Embed {
			names = append(names, string(t))
		}
	}
	return names
}

// families are those of detectors.
func families() (names []string) {
	for _, f := range boxes.Families {
		names = append(names, f.Name)
	}
	return names
}

// values are those of flags that take one of a few words: of every command's, or of one's.
func values() map[string][]string {
	return map[string][]string{
		"model":           bundled.Names(),
		"format":          output.Formats,
		"text-model":      bundled.Names(),
		"generator":       bundled.Names(),
		"detail":          {"low", "high", "auto"},
		"generate format": {"png", "jpeg", "webp", "tiff"},
		"progress":        {"auto", "always", "never"},
		"provider":        runner.ProviderNames(),
		"preset":          config.Presets(),
		"labels":          {"imagenet-1k"},
		"interpolation":   {"nearest", "box", "bilinear", "hamming", "bicubic", "lanczos", "nearest-cv2", "linear-cv2", "area-cv2", "linear-tf", "linear-torch"},
		"crop-mode":       {"center", "squash", "border"},
		"pad-at":          {"center", "start"},
		"head":            families(),
		"color-order":     {"rgb", "bgr"},
		"layout":          {"nchw", "nhwc"},
		"channels":        {"1", "3"},
		"orientation":     {"exif", "ignore"},
		"activation":      {"softmax", "sigmoid", "none"},
		"scheduler":       scheduler.Names(),
		"decode":          {"exact", "scaled"},
		"task":            taskNames(),
		"truth":           truths(),
		"source":          {"auto", "pip", "npm", "github"},
		"flavor":          library.Flavors(),
	}
}
