package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/notify"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/schemas"
)

// flagValues are the values of flags that have few, by command and flag, or by the flag
// where every command has the same.
var flagValues = map[string][]string{
	"query --format":          {"table", "csv", "json", "parquet"},
	"export segment --format": {"csv", "parquet", "xdm"},
	"simulate --shape":        {"uniform", "sale-day", "one-second", "sparse"},
	"--log-format":            {"text", "json"},
	"--notify-on":             notify.Events(),
}

var placeholder = regexp.MustCompile("`([^`]+)`")

// valueOf returns what may be a flag's value: by its command, otherwise by the word for
// the value in its help.
func (c *completer) valueOf(flag cli.Flag) (string, []candidate) {
	name := "--" + flag.Names()[0]
	for _, key := range []string{strings.Join(c.path, " ") + " " + name, name} {
		if values := flagValues[key]; values != nil {
			return fitWords, words(values)
		}
	}
	described, ok := flag.(cli.DocGenerationFlag)
	if !ok {
		return fitWords, nil
	}
	if found := placeholder.FindStringSubmatch(described.GetUsage()); found != nil {
		return c.named(found[1])
	}
	return fitWords, nil
}

// argument returns what may be the next argument, by its word in the help.
func (c *completer) argument() (string, []candidate) {
	usage := strings.Fields(strings.NewReplacer("[", "", "]", "").Replace(c.command.ArgsUsage))
	if c.command.Name == "help" {
		return fitWords, c.helpTopics()
	}
	repeated := strings.HasSuffix(c.command.ArgsUsage, "…]")
	if len(usage) == 0 || !repeated && len(c.args) >= len(usage) {
		return fitWords, nil
	}
	fit, all := c.named(usage[0])
	return fit, slices.DeleteFunc(all, func(known candidate) bool { return slices.Contains(c.args, known.word) })
}

// helpTopics are the commands below those that are named already.
func (c *completer) helpTopics() []candidate {
	commands := c.app.Commands
	for _, word := range c.args {
		command := commandNamed(commands, word)
		if command == nil {
			return nil
		}
		commands = command.Subcommands
	}
	return commandCandidates(commands)
}

// named returns what fits a word of the help, such as DIR, TABLE or resource….
func (c *completer) named(name string) (string, []candidate) {
	switch strings.ToLower(strings.TrimRight(name, "….")) {
	case "dir":
		return fitDirs, nil
	case "file", "file.json|id":
		return fitFiles, nil
	case "resource":
		return fitWords, words(pipeline.ResourcesInForce(c.lake).Names())
	case "object":
		var names []string
		for _, r := range pipeline.ResourcesInForce(c.lake).Listed() {
			names = append(names, r.Object)
		}
		return fitWords, words(names)
	case "shell":
		return fitWords, words(shellNames())
	case warehousePath:
		return fitWords, words([]string{warehousePath})
	}
	return fitWords, c.ofSet(name)
}

// ofSet returns the tables, columns or segments of the schemas in force.
func (c *completer) ofSet(name string) (all []candidate) {
	set, err := pipeline.InForce(c.lake)
	if err != nil {
		return nil
	}
	switch name {
	case "TABLE":
		if c.command.Name == "tables" { // views are shown too
			for _, m := range set.Marts {
				all = append(all, candidate{m.Name, m.Title})
			}
		}
		return append(tableCandidates(set), all...)
	case "table…":
		return tableCandidates(set)
	case "TABLE.FIELD":
		if !strings.Contains(c.current, ".") { // the columns of all tables are too many to choose from
			return tableCandidates(set)
		}
		for _, s := range set.Schemas {
			all = append(all, fieldCandidates(s.Table+".", s.Fields)...)
		}
	case "SEGMENT":
		for _, s := range set.Segments {
			all = append(all, candidate{s.Name, s.Title})
		}
	case "COLUMN":
		for _, s := range set.Segments {
			if !slices.Contains(c.args, s.Name) {
				continue
			}
			for _, p := range s.Personal {
				all = append(all, candidate{p.Name, p.Description})
			}
		}
	}
	return all
}

func tableCandidates(set *schemas.Set) (all []candidate) {
	for _, s := range set.Schemas {
		all = append(all, candidate{s.Table, s.Title})
	}
	return all
}

// fieldCandidates are the fields that a mapping fills: those inside an object, and not
// the object.
func fieldCandidates(above string, fields []*schemas.Field) (all []candidate) {
	for _, f := range fields {
		if inside := f.Type.Fields; len(inside) > 0 {
			all = append(all, fieldCandidates(above+f.Name+".", inside)...)
		} else {
			all = append(all, candidate{above + f.Name, f.Title})
		}
	}
	return all
}

func words(values []string) (all []candidate) {
	for _, value := range values {
		all = append(all, candidate{word: value})
	}
	return all
}
