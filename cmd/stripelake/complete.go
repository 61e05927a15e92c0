package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/settings"
)

// completeWord is the first argument of the call that the scripts of completion.go make:
//
//	stripelake __complete =CURRENT WORD…
//
// The words stand before the current one. The answer's first line says what fits:
// "files", "dirs", or "words". Each further line is a word, a tab and what it means.
const completeWord = "__complete"

// What fits at a place.
const (
	fitWords = "words"
	fitFiles = "files"
	fitDirs  = "dirs"
)

// candidate is a word that fits, and what it means.
type candidate struct{ word, means string }

// complete answers a script. It opens nothing for writing, and where something is wrong
// it knows no words: a message would stand in the middle of somebody's command line.
func (env *environment) complete(app *cli.App, args []string) {
	defer func() { _ = recover() }()
	if len(args) == 0 {
		return
	}
	current := strings.TrimPrefix(args[0], "=")
	fit, candidates := (&completer{env: env, app: app, current: current}).complete(args[1:])
	fmt.Fprintln(env.stdout, fit)
	for _, c := range candidates {
		if strings.HasPrefix(c.word, current) {
			fmt.Fprintf(env.stdout, "%s\t%s\n", c.word, oneLine(c.means))
		}
	}
}

// oneLine returns the beginning of a text, for one line beside a word.
func oneLine(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, "`", "")), " ")
	return cellWidth.Truncate(text, 70, "…")
}

// completer knows what stands before the current word.
type completer struct {
	env     *environment
	app     *cli.App
	current string
	path    []string     // the command's words
	command *cli.Command // nil before the first
	flags   []cli.Flag
	lake    string
	given   []string // names of flags
	args    []string
}

// complete returns what may stand after the words.
func (c *completer) complete(words []string) (string, []candidate) {
	c.flags = c.app.Flags
	waiting := c.read(words)
	name, _, hasValue := strings.Cut(c.current, "=")
	switch {
	case waiting != nil:
		return c.valueOf(waiting)
	case c.command != nil && slices.Contains(words, "--"):
		return c.argument()
	case hasValue && strings.HasPrefix(name, "--"):
		flag := flagNamed(c.flags, strings.TrimPrefix(name, "--"))
		if flag == nil {
			return fitWords, nil
		}
		fit, values := c.valueOf(flag)
		for i := range values {
			values[i].word = name + "=" + values[i].word
		}
		return fit, values
	case strings.HasPrefix(c.current, "-"):
		return fitWords, c.flagsLeft()
	case c.command == nil || len(c.command.Subcommands) > 0:
		return fitWords, commandCandidates(c.commands())
	case c.command.ArgsUsage == "":
		return fitWords, c.flagsLeft()
	}
	return c.argument()
}

// read takes the words before the current one. It returns the flag whose value the
// current word is, if it is one.
func (c *completer) read(words []string) (waiting cli.Flag) {
	for i, word := range words {
		switch {
		case waiting != nil:
			c.note(waiting, word)
			waiting = nil
		case word == "--":
			c.args = append(c.args, words[i+1:]...)
			return nil
		case strings.HasPrefix(word, "-") && word != "-":
			name, value, hasValue := strings.Cut(strings.TrimLeft(word, "-"), "=")
			flag := flagNamed(c.flags, name)
			if flag == nil {
				continue
			}
			c.given = append(c.given, flag.Names()...)
			if hasValue {
				c.note(flag, value)
			} else if _, isBool := flag.(*cli.BoolFlag); !isBool {
				waiting = flag
			}
		default:
			c.step(word)
		}
	}
	return waiting
}

// note remembers the lake that a flag names.
func (c *completer) note(flag cli.Flag, value string) {
	if flag.Names()[0] == "lake" {
		c.lake = value
	}
}

// step takes a command, or an argument.
func (c *completer) step(word string) {
	if command := commandNamed(c.commands(), word); command != nil {
		c.command, c.flags, c.path = command, command.Flags, append(c.path, word)
		if lake, ok := flagNamed(c.flags, "lake").(*cli.StringFlag); ok && c.lake == "" {
			c.lake = cmp.Or(c.env.lakeOfSettings(command), lake.Value)
		}
		return
	}
	c.args = append(c.args, word)
}

// lakeOfSettings returns the lake that the environment or the settings file gives a
// command, if they do.
func (env *environment) lakeOfSettings(command *cli.Command) string {
	if err := env.readSettings(false); err != nil {
		return ""
	}
	if key := settings.Named(settings.Lake); key.For(command.Name) {
		return env.single(key)
	}
	return ""
}

// commands are those that may follow.
func (c *completer) commands() []*cli.Command {
	if c.command == nil {
		return c.app.Commands
	}
	return c.command.Subcommands
}

func commandCandidates(commands []*cli.Command) (all []candidate) {
	for _, command := range commands {
		if !command.Hidden {
			all = append(all, candidate{command.Name, command.Usage})
		}
	}
	return all
}

// flagsLeft are the flags that are not given yet, or that may be repeated.
func (c *completer) flagsLeft() (all []candidate) {
	for _, flag := range append(slices.Clone(c.flags), cli.HelpFlag) {
		name := flag.Names()[0]
		_, repeated := flag.(*cli.StringSliceFlag)
		described, ok := flag.(cli.DocGenerationFlag)
		if word := (candidate{word: "--" + name}); ok && (repeated || !slices.Contains(c.given, name)) && !slices.ContainsFunc(all, func(c candidate) bool { return c.word == word.word }) {
			word.means = described.GetUsage()
			all = append(all, word)
		}
	}
	return all
}

func flagNamed(flags []cli.Flag, name string) cli.Flag {
	for _, flag := range flags {
		if slices.Contains(flag.Names(), name) {
			return flag
		}
	}
	return nil
}
