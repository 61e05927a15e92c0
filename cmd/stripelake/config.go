package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
	"github.com/stripelake/stripelake/schemas"
)

// configOptions have a flag for each value of the settings.
type configOptions struct {
	json   bool
	single map[string]*string          // by key
	lists  map[string]*cli.StringSlice // by key
}

func (o *configOptions) flags() []cli.Flag {
	o.single, o.lists = map[string]*string{}, map[string]*cli.StringSlice{}
	flags := []cli.Flag{jsonFlag(&o.json, "print one JSON object")}
	for _, key := range settings.Keys() {
		switch {
		case key.Flag == "":
		case key.IsList():
			o.lists[key.Name] = new(cli.StringSlice)
			flags = append(flags, &cli.StringSliceFlag{Name: key.Flag, Destination: o.lists[key.Name], Usage: key.Says})
		default:
			o.single[key.Name] = new(string)
			flags = append(flags, &cli.StringFlag{Name: key.Flag, Destination: o.single[key.Name], Usage: key.Says})
		}
	}
	return flags
}

func configCommand(env *environment) *cli.Command {
	var o configOptions
	return takesNone(&cli.Command{
		Name:  "config",
		Usage: "print the settings in force, and where each came from",
		Description: "A flag is stronger than the environment, and that is stronger than " + settings.FileName + ". Every mistake in the file is\n" +
			"printed with its place, and then the exit status is 2. Keys are not printed. Example: stripelake config --config prod.yaml",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.config(c, &o) },
	})
}

// setting is a value in force, as --json prints it.
type setting struct {
	Name     string `json:"name"`
	Value    string `json:"value"` // "" where nothing is set
	From     string `json:"from"`  // "--lake", "STRIPELAKE_LAKE", "stripelake.yaml:3" or "default"
	Flag     string `json:"flag,omitempty"`
	Variable string `json:"variable"`
}

// accountSetting is an account of the settings, without its key.
type accountSetting struct {
	Name      string   `json:"name"`
	Key       string   `json:"key"`   // where it is: "environment STRIPE_API_KEY"
	Found     bool     `json:"found"` // the key is there
	Label     string   `json:"label,omitempty"`
	Connected []string `json:"connected,omitempty"`
	From      string   `json:"from"`
}

func (env *environment) config(c *cli.Context, o *configOptions) error {
	out := struct {
		File     string           `json:"file"` // "" where there is none
		Settings []setting        `json:"settings"`
		Accounts []accountSetting `json:"accounts"`
	}{File: env.inForce.Path, Accounts: []accountSetting{}}
	for _, key := range settings.Keys() {
		s, err := env.settingOf(c, o, key)
		if err != nil {
			return err
		}
		out.Settings = append(out.Settings, s)
	}
	for _, a := range env.inForce.Accounts {
		out.Accounts = append(out.Accounts, env.accountSetting(a))
	}
	if err := env.checkDeclared(o); err != nil {
		return err
	}
	env.warnOfVariables(os.Environ())
	if o.json {
		return env.printJSON(out)
	}
	fmt.Fprintf(env.stdout, "settings: %s\n\n", cmp.Or(out.File, "no "+settings.FileName+" here"))
	table := columns{{"setting", "value", "from"}}
	for _, s := range out.Settings {
		table.add(s.Name, cmp.Or(s.Value, "-"), s.From)
	}
	for _, a := range out.Accounts {
		table.add("accounts."+a.Name, a.text(), a.From)
	}
	if len(out.Accounts) == 0 {
		table.add("accounts", "the key of STRIPE_API_KEY"+presence(strings.TrimSpace(env.getenv("STRIPE_API_KEY")) != ""), "default")
	}
	return table.print(env, 1, false)
}

// settingOf returns the value of a key that is in force.
func (env *environment) settingOf(c *cli.Context, o *configOptions, key settings.Key) (setting, error) {
	value := env.inForce.values[key.Name]
	if key.Flag == "" {
		var mistakes strictyaml.Problems
		if value, mistakes = env.valueOf(key, false); len(mistakes) > 0 {
			return setting{}, &pipeline.UsageError{Message: mistakes.Error()}
		}
	}
	s := setting{Name: key.Name, Value: listed(value.texts), From: cmp.Or(value.source, "default"), Flag: key.Flag, Variable: key.Variable()}
	if value.source != "" && s.Value == "" {
		given := []string{}
		if one := o.single[key.Name]; one != nil {
			given = []string{*one}
		} else if many := o.lists[key.Name]; many != nil {
			given = many.Value()
		}
		for _, text := range given {
			if why := key.Refuse(text); why != "" {
				return setting{}, &pipeline.UsageError{Message: "--" + key.Flag + ": " + key.Name + " " + why}
			}
		}
		s.Value = strings.Join(given, ", ")
	}
	s.Value = key.Show(s.Value) + env.presenceOf(key, s.Value)
	s.Value = extract.Redact(s.Value) // Invariant 11: also what was put in the wrong place
	if value.source == "" {
		s.Value = defaultOf(c.App.Commands, key)
	}
	return s, nil
}

// presenceOf says of a reference where there is nothing behind it.
func (env *environment) presenceOf(key settings.Key, value string) string {
	if key.Kind != settings.Address || value == "" {
		return ""
	}
	reference, err := settings.ParseAddress(value)
	if err != nil || reference.URL != "" {
		return ""
	}
	_, err = env.secret(reference.Secret)
	return presence(err == nil)
}

// warnOfVariables warns of variables that look like those of settings and are none.
func (env *environment) warnOfVariables(environ []string) {
	known := []string{"STRIPELAKE_CONFIG"}
	for _, key := range settings.Keys() {
		known = append(known, key.Variable())
	}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		if strings.HasPrefix(name, "STRIPELAKE_") && !slices.Contains(known, name) {
			env.signals.logger().Warn(fmt.Sprintf("the variable %s is no setting%s", name, spelling.Suggestion(name, known)))
		}
	}
}

// defaultOf returns the default of a key as the help of its flag prints it.
func defaultOf(commands []*cli.Command, key settings.Key) string {
	if key.Name == settings.Resources {
		return strings.Join(schemas.ShippedResources().Names(), ", ")
	}
	for _, command := range commands {
		if command.Name == "config" || !key.For(command.Name) {
			continue
		}
		for _, flag := range command.Flags {
			if documented, ok := flag.(cli.DocGenerationFlag); ok && flag.Names()[0] == key.Flag {
				text := strings.Trim(documented.GetDefaultText(), `"`)
				if text == "0" || text == "0s" {
					return "none"
				}
				return text
			}
		}
		if text := defaultOf(command.Subcommands, key); text != "" {
			return text
		}
	}
	return ""
}

func (env *environment) accountSetting(a settings.Account) accountSetting {
	_, err := env.secret(a.Key)
	return accountSetting{
		Name: a.Name, Key: a.Key.String(), Found: err == nil, Label: extract.Redact(a.Label), Connected: a.Connected, From: fmt.Sprintf("%s:%d", a.At.File, a.At.Line),
	}
}

func (a accountSetting) text() string {
	text := "key in " + a.Key + presence(a.Found)
	if a.Label != "" {
		text += ", label " + a.Label
	}
	if len(a.Connected) > 0 {
		text += ", connected " + strings.Join(a.Connected, " ")
	}
	return text
}

func presence(found bool) string {
	if found {
		return ""
	}
	return " (not there)"
}

// checkDeclared reads the schemas that the settings name, with their policy, so that their
// mistakes are told here too, and those of the list of resources.
func (env *environment) checkDeclared(o *configOptions) error {
	options := setOptions{lake: cmp.Or(*o.single["lake"], "./lake"), declaredOptions: declaredOptions{pii: *o.single["privacy.pii"], piiFields: *o.lists["privacy.fields"], rawRedact: *o.lists["privacy.raw_redact"]}}
	options.schemas.value = *o.single["schemas"]
	set, _, err := env.compile(&options)
	if mistakes, ok := errors.AsType[strictyaml.Problems](err); ok {
		return &pipeline.UsageError{Message: mistakes.Error()}
	}
	if err == nil {
		_, err = env.resources(nil, set.Resources)
	}
	return err
}
