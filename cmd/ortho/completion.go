package main

import (
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"
)

// The scripts ask ortho itself what may follow, through cli's
// --generate-bash-completion.
var completions = map[string]string{
	"bash": `_ortho() {
  local words=("${COMP_WORDS[@]:0:$COMP_CWORD}")
  local cur="${COMP_WORDS[COMP_CWORD]}"
  [[ "$cur" == -* ]] && words+=("$cur")
  COMPREPLY=($(compgen -W "$("${words[@]}" --generate-bash-completion 2>/dev/null)" -- "$cur") $(compgen -f -- "$cur"))
}
complete -o filenames -F _ortho ortho
`,
	"zsh": `#compdef ortho
_ortho() {
  local -a options
  options=("${(@f)$(${words[1,CURRENT-1]} ${${(M)words[CURRENT]:#-*}} --generate-bash-completion 2>/dev/null)}")
  compadd -a options
  _files
}
compdef _ortho ortho
`,
	"fish": `complete -c ortho -a '(set -l words (commandline -opc); $words --generate-bash-completion 2>/dev/null)'
`,
}

func newCompletionCommand() *cli.Command {
	return &cli.Command{
		Name:        "completion",
		Usage:       "print a script that completes ortho's command line in a shell",
		ArgsUsage:   "bash|zsh|fish",
		Description: "For bash: source <(ortho completion bash)",
		Action: func(c *cli.Context) error {
			script, ok := completions[c.Args().First()]
			if !ok {
				return usagef("name a shell: %s", strings.Join([]string{"bash", "zsh", "fish"}, ", "))
			}
			_, err := fmt.Fprint(c.App.Writer, script)
			return err
		},
	}
}
