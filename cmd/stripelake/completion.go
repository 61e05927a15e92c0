package main

import (
	"embed"
	"fmt"
	"path"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
)

//go:embed completion
var completionScripts embed.FS

// shells are the shells with a completion script, and its name.
var shells = []struct{ name, file string }{
	{"bash", "stripelake.bash"}, {"zsh", "stripelake.zsh"}, {"fish", "stripelake.fish"}, {"powershell", "stripelake.ps1"},
}

func shellNames() (names []string) {
	for _, s := range shells {
		names = append(names, s.name)
	}
	return names
}

func completionCommand(env *environment) *cli.Command {
	return takes(arguments{usage: "SHELL", needs: "a shell: bash, zsh, fish or powershell", most: 1}, &cli.Command{
		Name:  "completion",
		Usage: "print a script that completes commands, flags and names in a shell",
		Description: "SHELL is bash, zsh, fish or powershell. The script asks this program for what fits, such as the tables of the lake; that only reads.\n" +
			"Its first lines say where it belongs. Example: source <(stripelake completion bash)",
		Action: func(c *cli.Context) error { return env.printCompletion(c.Args().First()) },
	})
}

func (env *environment) printCompletion(shell string) error {
	for _, s := range shells {
		if s.name != shell {
			continue
		}
		script, err := completionScripts.ReadFile(path.Join("completion", s.file))
		if err == nil {
			_, err = env.stdout.Write(script)
		}
		return err
	}
	return &pipeline.UsageError{Message: fmt.Sprintf("there is no completion for %q; %s", shell, spelling.Choices(shell, "shells", shellNames()))}
}
