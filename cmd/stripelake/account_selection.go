package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/settings"
	"github.com/stripelake/stripelake/internal/spelling"
)

// sources returns the keys of a run, and what is read with each: the accounts named, or
// without a name those of the settings, or without settings that of STRIPE_API_KEY. The first
// has a client; those without one are last, with the reason. A name
// is an account of the settings, all, a connected account's id, or @FILE with one a line.
func (env *environment) sources(o *stripeOptions, named []string) ([]pipeline.Source, error) {
	names, err := expandNames(named)
	if err != nil {
		return nil, err
	}
	selected, err := env.selectAccounts(o, names)
	if err == nil {
		_, err = o.config()
	}
	if err != nil {
		return nil, err
	}
	var sources, unusable []pipeline.Source
	for _, account := range selected {
		client, err := env.clientOf(o, account)
		if err != nil {
			unusable = append(unusable, pipeline.Source{Name: account.Name, Err: err})
			continue
		}
		if len(sources) > 0 && client.Mode() != sources[0].Client.Mode() {
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("the key of %s is of %s mode and that of %s of %s mode: a lake has one mode, so write settings of its own for each",
				sources[0].Name, sources[0].Client.Mode(), account.Name, client.Mode())}
		}
		sources = append(sources, pipeline.Source{Name: account.Name, Client: client, Label: cmp.Or(o.label, account.Label), Accounts: account.Connected})
	}
	if o.label != "" && len(sources) > 1 {
		return nil, &pipeline.UsageError{Message: "--account-label is of one account: choose that with --account, or write label: in the settings"}
	}
	if len(sources) == 0 {
		var mistakes []string
		for _, s := range unusable {
			mistakes = append(mistakes, s.Err.Error())
		}
		return nil, &pipeline.UsageError{Message: strings.Join(mistakes, "\n")}
	}
	return append(sources, unusable...), nil // one key that is missing keeps no other account from being read
}

// source returns the key and the account of a command that reads one account.
func (env *environment) source(o *stripeOptions, account string) (pipeline.Source, error) {
	var named []string
	if account != "" {
		named = []string{account}
	}
	sources, err := env.sources(o, named)
	if err != nil {
		return pipeline.Source{}, err
	}
	if len(sources) > 1 || len(sources[0].Accounts) > 1 {
		var names []string
		for _, s := range sources {
			names = append(append(names, s.Name), s.Accounts...)
		}
		names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
		return pipeline.Source{}, &pipeline.UsageError{Message: "this reads one account: choose it with --account: " + strings.Join(names, ", ")}
	}
	one := sources[0]
	if len(one.Accounts) == 1 {
		if one.Client, err = one.Client.For(one.Accounts[0]); err != nil {
			return one, &pipeline.UsageError{Message: err.Error()}
		}
		one.Accounts = nil
	}
	return one, nil
}

// selectAccounts returns the accounts with those names. The account of STRIPE_API_KEY or
// --api-key-file has no name.
func (env *environment) selectAccounts(o *stripeOptions, names []string) ([]settings.Account, error) {
	declared := env.inForce.Accounts
	if o.keyFile != "" {
		declared = nil // the flag names the one key of the run
	}
	if len(names) == 0 && len(declared) > 0 || slices.Contains(names, settings.AllAccounts) {
		if len(declared) == 0 {
			return nil, &pipeline.UsageError{Message: "--account all: the settings declare no account; see `stripelake init`"}
		}
		return declared, nil
	}
	if len(names) == 0 {
		return []settings.Account{{}}, nil
	}
	var selected []settings.Account
	for _, name := range names {
		account, err := env.accountNamed(declared, name)
		if err != nil {
			return nil, err
		}
		same := slices.IndexFunc(selected, func(a settings.Account) bool { return a.Name == account.Name })
		switch {
		case same < 0:
			selected = append(selected, account)
		case len(selected[same].Connected) == 0 || len(account.Connected) == 0: // one of them would be lost
			connected := slices.Concat(selected[same].Connected, account.Connected)
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("--account %s is the own account of a key that %s is connected to: read them in two runs", account.Name, strings.Join(connected, ", "))}
		default:
			selected[same].Connected = slices.Concat(selected[same].Connected, account.Connected)
		}
	}
	return selected, nil
}

// accountNamed returns the account of that name, or the one whose key reaches the connected
// account of that id, with this one alone.
func (env *environment) accountNamed(declared []settings.Account, name string) (settings.Account, error) {
	var names []string
	for _, a := range declared {
		if a.Name == name {
			return a, nil
		}
		names = append(names, a.Name)
	}
	if !strings.HasPrefix(name, "acct_") {
		if len(names) == 0 {
			return settings.Account{Connected: []string{name}}, nil // extract tells what an id looks like
		}
		return settings.Account{}, &pipeline.UsageError{Message: fmt.Sprintf("the settings have no account %q%s; they have %s", name, spelling.Suggestion(name, names), strings.Join(names, ", "))}
	}
	if len(declared) == 0 {
		return settings.Account{Connected: []string{name}}, nil
	}
	i := slices.IndexFunc(declared, func(a settings.Account) bool { return slices.Contains(a.Connected, name) })
	if i < 0 && len(declared) > 1 {
		return settings.Account{}, &pipeline.UsageError{Message: fmt.Sprintf("%s is connected to none of the accounts %s: write it under connected: of one of them, or name the account if the id is its own", name, strings.Join(names, ", "))}
	}
	account := declared[max(i, 0)]
	account.Connected = []string{name}
	return account, nil
}

// config returns the configuration of the options, without a key.
func (o *stripeOptions) config() (extract.Config, error) {
	share, err := parseShare("--max-share", o.maxShare)
	switch {
	case err != nil:
	case o.maxShare != "" && share == 0:
		err = &pipeline.UsageError{Message: fmt.Sprintf("--max-share %s leaves no request: name a share above 0%%", o.maxShare)}
	case o.maxRequests < 0:
		err = &pipeline.UsageError{Message: fmt.Sprintf("--max-requests %d is below 0", o.maxRequests)}
	}
	return extract.Config{
		BaseURL: o.apiBase, MaxShare: share, MaxRPS: o.maxRPS, RetryFor: time.Duration(o.retryFor),
		MaxRuntime: time.Duration(o.maxRuntime), MaxRequests: o.maxRequests,
	}, err
}

// clientOf returns a client with the key of an account.
func (env *environment) clientOf(o *stripeOptions, account settings.Account) (*extract.Client, error) {
	config, err := o.config()
	if err != nil {
		return nil, err
	}
	if config.Key, err = env.apiKey(o, account); err != nil {
		return nil, err
	}
	config.OnRequest = env.signals.sent
	client, err := extract.New(config)
	if err != nil {
		return nil, &pipeline.UsageError{Message: accountPrefix(account) + err.Error()}
	}
	client.OnOutage(env.signals.outage) // a sync makes events of them
	return client, nil
}

// apiKey reads the key from --api-key-file, otherwise from where the settings say, otherwise
// from STRIPE_API_KEY. The key is never a flag's value, because the process list shows those.
func (env *environment) apiKey(o *stripeOptions, account settings.Account) (string, error) {
	where := settings.Secret{File: cmp.Or(o.keyFile, account.Key.File), Env: cmp.Or(account.Key.Env, "STRIPE_API_KEY")}
	key, err := env.secret(where)
	switch {
	case err == nil:
		return key, nil
	case where.File != "":
		return "", &pipeline.UsageError{Message: fmt.Sprintf("%sread the key: %v", accountPrefix(account), err)}
	case account.Name != "":
		return "", &pipeline.UsageError{Message: fmt.Sprintf("%sthe environment variable %s, which is to hold the key, is empty or not set", accountPrefix(account), where.Env)}
	}
	return "", &pipeline.UsageError{Message: "no API key: set STRIPE_API_KEY, or name a file that holds it with --api-key-file " +
		"(a restricted key with read permissions is enough; `stripelake demo` needs none)"}
}

// secret returns what a reference names.
func (env *environment) secret(s settings.Secret) (string, error) {
	if s.File != "" {
		content, err := os.ReadFile(s.File)
		return strings.TrimSpace(string(content)), err
	}
	if text := strings.TrimSpace(env.getenv(s.Env)); text != "" {
		return text, nil
	}
	return "", fmt.Errorf("the environment variable %s is empty or not set", s.Env)
}

// accountPrefix is where the settings declare an account: "stripelake.yaml:9: account eu: ".
func accountPrefix(a settings.Account) string {
	if a.Name == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d: account %s: ", a.At.File, a.At.Line, a.Name)
}

// expandNames returns the values of --account. A file has one on each line; empty lines and
// text after # are ignored.
func expandNames(flags []string) ([]string, error) {
	var names []string
	for _, name := range flags {
		file, ok := strings.CutPrefix(name, "@")
		if !ok {
			names = append(names, name)
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("--account %s: %v", name, err)}
		}
		before := len(names)
		for line := range strings.Lines(string(text)) {
			line, _, _ = strings.Cut(line, "#")
			if line = strings.TrimSpace(line); line != "" {
				names = append(names, line)
			}
		}
		if len(names) == before { // a list that came out empty does not mean all accounts
			return nil, &pipeline.UsageError{Message: fmt.Sprintf("--account %s: the file names no account", name)}
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}
