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
	"ortho/models/bundled"
	"ortho/models/config"
	"ortho/models/scheduler"
	"ortho/runner"
	"ortho/runner/bench"
	"ortho/runner/library"
)

// The scripts pass the words before the cursor, and the one under it, to
// `ortho complete`, which answers with a word a line and, behind a tab, what it means; where it answers
// nothing, the shell offers files. bash shows what words mean where it lists them (COMP_TYPE ? and !), and
// puts nothing but words into the line.
var completions = map[string]string{
	"bash": `# source <(ortho completion bash)
_ortho() {
  local IFS=$'\n' width=0 line word
  local -a answers
  answers=($("${COMP_WORDS[0]}" complete "${COMP_WORDS[@]:1:COMP_CWORD-1}" "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null))
  COMPREPLY=("${answers[@]%%$'\t'*}")
  if [ "${#COMPREPLY[@]}" -eq 0 ]; then
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "${COMP_WORDS[COMP_CWORD]}"))
  elif [ "${#COMPREPLY[@]}" -gt 1 ] && { [ "${COMP_TYPE:-0}" -eq 63 ] || [ "${COMP_TYPE:-0}" -eq 33 ]; }; then
    for word in "${COMPREPLY[@]}"; do [ "${#word}" -gt "$width" ] && width=${#word}; done
    COMPREPLY=()
    for line in "${answers[@]}"; do
      word="${line%%$'\t'*}"
      [ "$word" != "$line" ] && printf -v word "%-${width}s  (%s)" "$word" "${line#*$'\t'}"
      COMPREPLY+=("$word")
    done
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
    answers=("${(@)answers//:/\\:}")
    answers=("${(@)answers/$'\t'/:}")
    _describe -V ortho answers
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
    $word, $about = $_ -split [char]9, 2
    if (-not $about) { $about = $word }
    [System.Management.Automation.CompletionResult]::new($word, $word, 'ParameterValue', $about)
  }
}
`,
}

func newCompletionCommand() *cli.Command {
	return flags.Command(cli.Command{
		Name:        "completion",
		Usage:       "print a script that completes ortho's command line in a shell",
		ArgsUsage:   strings.Join(shells(), "|"),
		Description: help("completion"),
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
		line := answer.Word
		if answer.About != "" {
			line += "\t" + answer.About
		}
		if _, err := fmt.Fprintln(call.Out, line); err != nil {
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

// values are those of flags that take one of a few words: of every command's, or of one's.
func values() map[string][]string {
	all := map[string][]string{
		"model":           bundled.Names(),
		"format":          output.Formats,
		"text-model":      bundled.Names(),
		"generator":       bundled.Names(),
		"detail":          {"low", "high", "auto"},
		"generate format": {"png", "jpeg", "webp", "tiff"},
		"progress":        {"auto", "always", "never"},
		"provider":        runner.ProviderNames(),
		"labels":          {"imagenet-1k"},
		"scheduler":       scheduler.Names(),
		"decode":          {"exact", "scaled"},
		"task":            taskNames(),
		"truth":           truths(),
		"source":          {"auto", "pip", "npm", "github"},
		"flavor":          library.Flavors(),
		"check-inputs":    {"names", "times", "contents"},
		"fit":             {"crop", "pad", "squash"},
		"objective":       bench.Objectives,
		"tolerance":       precisions(),
	}
	for _, f := range (&flags.Overrides{}).Flags() {
		if name := f.Names()[0]; all[name] == nil {
			all[name] = flags.Words(name)
		}
	}
	return all
}
