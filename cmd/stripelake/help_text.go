package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// The layout of the help, in cells.
const (
	helpWidth  = 80
	helpIndent = 3
	helpColumn = 26 // where the text of a flag begins; a longer flag has a line of its own
)

// The library's own help breaks no lines, and has no place for examples.
func init() {
	cli.HelpPrinter = func(out io.Writer, _ string, data any) {
		switch of := data.(type) {
		case *cli.App:
			writeHelp(out, of.Name, of.Usage, "stripelake COMMAND [command options] [argument…]", of.Description, of.Commands, of.Flags)
		case *cli.Command:
			writeHelp(out, of.HelpName, of.Usage, usageLine(of), of.Description, of.Subcommands, of.Flags)
		}
	}
}

// usageLine returns how a command is called.
func usageLine(c *cli.Command) string {
	if c.UsageText != "" {
		return c.UsageText
	}
	return strings.TrimSpace(c.HelpName + " [command options] " + c.ArgsUsage)
}

func writeHelp(out io.Writer, name, usage, call, description string, commands []*cli.Command, flags []cli.Flag) {
	text, examples := splitExamples(description)
	section := func(title, body string) {
		fmt.Fprintf(out, "\n%s:\n%s\n", title, body)
	}
	fmt.Fprintf(out, "NAME:\n%s\n", wrapped(name+" - "+usage, helpIndent))
	section("USAGE", indented(call))
	if text != "" {
		section("DESCRIPTION", wrapped(text, helpIndent))
	}
	if len(examples) > 0 {
		section("EXAMPLES", indented(strings.Join(examples, "\n")))
	}
	if len(commands) > 0 {
		section("COMMANDS", commandTexts(commands))
	}
	section("OPTIONS", flagTexts(flags))
}

// splitExamples splits a description into its text and the examples in it. "Example: "
// begins one, which goes on to the end of its line.
func splitExamples(description string) (text string, examples []string) {
	text, rest, found := strings.Cut(description, "Example: ")
	for found {
		var example, more string
		example, more, _ = strings.Cut(rest, "\n")
		examples = append(examples, example)
		more, rest, found = strings.Cut(more, "Example: ")
		text += more
	}
	return strings.TrimSpace(text), examples
}

func commandTexts(commands []*cli.Command) string {
	widest := 0
	for _, c := range commands {
		if !c.Hidden {
			widest = max(widest, len(c.Name))
		}
	}
	var lines []string
	for _, c := range commands {
		if !c.Hidden {
			lines = append(lines, beside(c.Name, c.Usage, helpIndent+widest+2))
		}
	}
	return strings.Join(lines, "\n")
}

// flagTexts are the flags, those of a category below its heading.
func flagTexts(flags []cli.Flag) string {
	column := helpIndent
	for _, flag := range flags {
		if name, _ := flagText(flag); len(name)+helpIndent+2 <= helpColumn {
			column = max(column, len(name)+helpIndent+2)
		}
	}
	var lines []string
	for _, category := range flagCategories(flags) {
		if category.heading != "" {
			lines = append(lines, "", indented(category.heading+":"))
		}
		for _, flag := range category.flags {
			name, text := flagText(flag)
			lines = append(lines, beside(name, text, column))
		}
	}
	return strings.Join(lines, "\n")
}

// flagCategory are the flags below one heading; it is empty of those without.
type flagCategory struct {
	heading string
	flags   []cli.Flag
}

// flagCategories are the flags that the help shows, those without a heading first.
func flagCategories(flags []cli.Flag) []flagCategory {
	categories := []flagCategory{{}}
	for _, flag := range flags {
		heading := ""
		if of, ok := flag.(cli.CategorizableFlag); ok {
			heading = of.GetCategory()
		}
		if seen, ok := flag.(cli.VisibleFlag); ok && !seen.IsVisible() {
			continue
		}
		i := slices.IndexFunc(categories, func(c flagCategory) bool { return c.heading == heading })
		if i < 0 {
			i, categories = len(categories), append(categories, flagCategory{heading: heading})
		}
		categories[i].flags = append(categories[i].flags, flag)
	}
	return categories
}

// flagText returns a flag with the word for its value, and what it does. The library
// shows a flag that may be repeated as "--x N [ --x N ]"; its text says so.
func flagText(flag cli.Flag) (name, text string) {
	name, text, _ = strings.Cut(flag.String(), "\t")
	name, _, _ = strings.Cut(name, " [ ")
	return name, text
}

// beside puts a text beside a name, or below it where the name is too long.
func beside(name, text string, column int) string {
	body := wrapped(text, column)
	if used := helpIndent + len(name); used+2 <= column {
		return strings.Repeat(" ", helpIndent) + name + body[min(used, len(body)):]
	}
	return indented(name) + "\n" + body
}

// wrapped breaks a text into indented lines of at most helpWidth cells.

func wrapped(text string, indent int) string {
	var out []string
	line, pad := "", strings.Repeat(" ", indent)
	for word := range strings.FieldsSeq(text) {
		if line != "" && indent+cellWidth.StringWidth(line)+1+cellWidth.StringWidth(word) > helpWidth {
			out = append(out, pad+line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return strings.Join(append(out, pad+line), "\n")
}

func indented(text string) string {
	pad := strings.Repeat(" ", helpIndent)
	return pad + strings.ReplaceAll(text, "\n", "\n"+pad)
}
