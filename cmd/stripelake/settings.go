package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
	"github.com/stripelake/stripelake/internal/strictyaml"
	"github.com/stripelake/stripelake/schemas"
)

// inForce are the settings of one command: those of a file, and who gave each flag.
type inForce struct {
	settings.Settings
	config string                  // of --config
	values map[string]valueInForce // by the name of the key
}

// valueInForce is a value of a key, and where it came from.
type valueInForce struct {
	texts  []strictyaml.Text // with the place in the file; in its place, the variable or the flag
	source string            // "--lake", "STRIPELAKE_LAKE", "stripelake.yaml:3"; "" for the default
}

// addSettings lets the settings give the flags of commands.
func (env *environment) addSettings(commands []*cli.Command) {
	for _, command := range commands {
		env.addNotifications(command)
		env.withSettings(command)
		env.addSettings(command.Subcommands)
	}
}

// withSettings lets the environment and the settings file give the flags of a command that
// are not given (docs/adr/0049).
func (env *environment) withSettings(command *cli.Command) {
	var taken []settings.Key
	for _, key := range settings.Keys() {
		if key.For(command.Name) && slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), key.Flag) }) {
			taken = append(taken, key)
		}
	}
	if len(taken) == 0 {
		return
	}
	command.Flags = append(command.Flags, &cli.StringFlag{
		Name: "config", Destination: &env.inForce.config, Usage: "read the settings in `FILE` (default: ./" + settings.FileName + ", if there is one)",
	})
	command.Before = func(c *cli.Context) error {
		if err := env.readSettings(c.IsSet("config")); err != nil {
			return err
		}
		var mistakes strictyaml.Problems
		for _, key := range taken {
			value, wrong := env.valueOf(key, c.IsSet(key.Flag))
			mistakes = append(mistakes, wrong...)
			if len(wrong) == 0 {
				mistakes = append(mistakes, setFlag(c, key, value)...)
			}
			env.inForce.values[key.Name] = value
		}
		if len(mistakes) > 0 {
			return &pipeline.UsageError{Message: mistakes.Error()}
		}
		return nil
	}
}

// readSettings reads the file of --config, of STRIPELAKE_CONFIG, or of the current folder.
func (env *environment) readSettings(given bool) (err error) {
	env.inForce.values = map[string]valueInForce{}
	path := env.inForce.config
	if !given {
		path = env.getenv("STRIPELAKE_CONFIG")
	}
	if path == "" && !given {
		env.inForce.Settings, err = settings.Find()
	} else {
		env.inForce.Settings, err = settings.Read(path)
	}
	if err != nil {
		return &pipeline.UsageError{Message: err.Error()}
	}
	return nil
}

// valueOf returns who gives the value of a key: the flag, the environment or the file, in
// this order. A variable that is empty counts as absent.
func (env *environment) valueOf(key settings.Key, flag bool) (valueInForce, strictyaml.Problems) {
	if flag {
		return valueInForce{source: "--" + key.Flag}, nil
	}
	variable := key.Variable()
	if text := env.getenv(variable); text != "" {
		v := valueInForce{source: variable}
		var mistakes strictyaml.Problems
		for _, text := range key.Split(text) {
			at := strictyaml.Pos{File: variable}
			v.texts = append(v.texts, strictyaml.Text{Value: text, Pos: at})
			if why := key.Refuse(text); why != "" {
				mistakes = append(mistakes, strictyaml.Problem{Pos: at, Code: "C1", Message: key.Name + " " + why})
			}
		}
		return v, mistakes
	}
	if found, ok := env.inForce.Value(key.Name); ok {
		return valueInForce{texts: found.Texts, source: fmt.Sprintf("%s:%d", found.At.File, found.At.Line)}, nil
	}
	return valueInForce{}, nil
}

// setFlag gives a flag the texts of a value.
func setFlag(c *cli.Context, key settings.Key, value valueInForce) (mistakes strictyaml.Problems) {
	for _, text := range value.texts {
		if err := c.Set(key.Flag, key.FlagText(text.Value)); err != nil {
			mistakes = append(mistakes, strictyaml.Problem{Pos: text.Pos, Code: "C1", Message: key.Name + ": " + err.Error()})
		}
	}
	return mistakes
}

// resources returns the resources that a command reads: its arguments, else those of the
// environment or the settings. None means all. of are those that there are.
func (env *environment) resources(arguments []string, of *schemas.Resources) ([]string, error) {
	if len(arguments) > 0 {
		return arguments, nil
	}
	value, mistakes := env.valueOf(settings.Named(settings.Resources), false)
	for _, text := range value.texts {
		if !slices.Contains(of.Names(), text.Value) && len(mistakes) == 0 {
			mistakes = append(mistakes, strictyaml.Problem{Pos: text.Pos, Code: "C1", Message: settings.UnknownResource(text.Value, of.Names())})
		}
	}
	if len(mistakes) > 0 {
		return nil, &pipeline.UsageError{Message: mistakes.Error()}
	}
	return strictyaml.Values(value.texts), nil
}

// maxAge returns the age from which the settings call a lake stale; 0 where they do not say.
func (env *environment) maxAge() time.Duration {
	most, _ := settings.ParseDuration(env.single(settings.Named(settings.MaxAge))) // it is checked where it is read
	return most
}

// single returns the value that the environment or the settings give a key of one value,
// or "".
func (env *environment) single(key settings.Key) string {
	if value, mistakes := env.valueOf(key, false); len(mistakes) == 0 && len(value.texts) == 1 {
		return value.texts[0].Value
	}
	return ""
}

// listed joins texts for a table.
func listed(texts []strictyaml.Text) string { return strings.Join(strictyaml.Values(texts), ", ") }
