package settings

import (
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/notify"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// AllAccounts is the name that stands for every account of the file.
const AllAccounts = "all"

// Account is an account of the file: a key, and what is read with it.
type Account struct {
	Name      string
	At        strictyaml.Pos
	Key       Secret
	Label     string   // name of the account where the key may not read its id
	Connected []string // connected accounts to read instead of the key's own
}

// Secret is the name of what holds a secret: one of the two. The secret itself never is
// in the file (Invariant 11).
type Secret struct {
	Env  string // an environment variable
	File string // a file, whose content without the space around it is the secret
	At   strictyaml.Pos
}

// String names the reference: "environment STRIPE_API_KEY", "file /etc/stripelake/key".
func (s Secret) String() string {
	if s.File != "" {
		return "file " + s.File
	}
	return "environment " + s.Env
}

// The names of accounts are words on a command line, and never what stands for a
// connected account's id, for all or for a file.
var (
	accountName  = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	connectedID  = regexp.MustCompile(`^acct_[A-Za-z0-9]{1,64}$`)
	variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
	secretText   = regexp.MustCompile(`^(sk|rk|whsec)_`) // how Stripe's keys and signing secrets begin
)

func (r *reader) accounts(n *strictyaml.Node) {
	if r.Object(n, "accounts") == nil {
		return
	}
	for _, m := range n.Members {
		a := Account{Name: m.Key, At: m.Pos}
		if secretText.MatchString(m.Key) { // it may be one: no message repeats it
			r.Report(m.Pos, "C2", "a name that begins like a key is no name for an account")
		} else if !accountName.MatchString(m.Key) || m.Key == AllAccounts || connectedID.MatchString(m.Key) {
			r.Report(m.Pos, "C2", "%q is no name for an account: write lower case letters, digits, _ and -, and not %q", m.Key, AllAccounts)
		}
		o := r.Object(m.Value, "account "+m.Key)
		if o == nil {
			continue
		}
		key := o.Get("key")
		a.Label = o.Text("label").Value
		connected := o.Texts("connected")
		o.ReportUnasked()
		if o.IsMissing("key") {
			r.Report(m.Pos, "C3", "account %s has no key: write key: {env: STRIPE_API_KEY} or key: {file: PATH}", m.Key)
		} else if key != nil {
			a.Key = r.secret(key, "key of "+m.Key)
		}
		for _, id := range connected {
			if !connectedID.MatchString(id.Value) {
				r.Report(id.Pos, "C2", "%q is no id of a connected account: those begin with acct_", id.Value)
			}
			a.Connected = append(a.Connected, id.Value)
		}
		for _, other := range r.found.Accounts {
			if a.Key.Env+a.Key.File != "" && a.Key.Env == other.Key.Env && a.Key.File == other.Key.File {
				r.Report(a.Key.At, "C3", "%s has the key of %s: each account has a key of its own; connected accounts of one key go under connected:", a.Name, other.Name)
			}
		}
		r.found.Accounts = append(r.found.Accounts, a)
	}
}

// secret reads a reference to a secret. A text in its place may be the secret itself, so
// no message repeats it.
func (r *reader) secret(n *strictyaml.Node, what string) Secret {
	s := Secret{At: n.Pos}
	if n.Kind != strictyaml.Mapping {
		r.Report(n.Pos, "C3", "the %s does not belong in this file: name the variable or the file that holds it, {env: NAME} or {file: PATH}", what)
		return s
	}
	o := r.Object(n, what)
	env, file := o.Text("env"), o.Text("file")
	o.ReportUnasked()
	switch {
	case (env.Value == "") == (file.Value == ""):
		r.Report(n.Pos, "C3", "the %s is in one place: write {env: NAME} or {file: PATH}", what)
	case secretText.MatchString(env.Value + file.Value):
		r.Report(n.Pos, "C3", "the %s itself does not belong in this file: name the variable or the file that holds it", what)
	case env.Value != "" && !variableName.MatchString(env.Value):
		r.Report(env.Pos, "C3", "env of the %s is no name of an environment variable", what)
	case env.Value != "":
		s.Env = env.Value
	case filepath.IsAbs(file.Value):
		s.File = file.Value
	default:
		s.File = filepath.Join(r.folder, file.Value)
	}
	return s
}

// address reads an address, or the name of what holds it, as the text of a flag.
func (r *reader) address(n *strictyaml.Node, name string) []Text {
	if n.Kind != strictyaml.Mapping {
		return []Text{{Value: strings.TrimSpace(n.Text), Pos: n.Pos}}
	}
	s := r.secret(n, name)
	switch {
	case s.Env != "":
		return []Text{{Value: envPrefix + s.Env, Pos: n.Pos}}
	case s.File != "":
		return []Text{{Value: filePrefix + s.File, Pos: n.Pos}}
	}
	return nil
}

// How a flag or a variable names what holds a secret.
const (
	envPrefix  = "env:"
	filePrefix = "file:"
)

// ParseAddress reads an address: a URL, or env:NAME or file:PATH of what holds one. The
// error does not repeat the text.
func ParseAddress(text string) (Reference, error) {
	if name, ok := strings.CutPrefix(text, envPrefix); ok {
		return Reference{Secret: Secret{Env: name}}, nil
	}
	if path, ok := strings.CutPrefix(text, filePrefix); ok {
		return Reference{Secret: Secret{File: path}}, nil
	}
	_, err := notify.Check(text)
	return Reference{URL: text}, err
}

// Reference is an address, or the name of what holds it.
type Reference struct {
	URL    string
	Secret Secret // where URL is empty
}

// String shows where requests go, without what may be secret of an address.
func (r Reference) String() string {
	if r.URL == "" {
		return r.Secret.String()
	}
	to, err := url.Parse(r.URL)
	if err != nil {
		return "an address"
	}
	return to.Scheme + "://" + to.Host + "/…"
}

// Account returns the account of that name.
func (s Settings) Account(name string) (Account, bool) {
	i := slices.IndexFunc(s.Accounts, func(a Account) bool { return a.Name == name })
	if i < 0 {
		return Account{}, false
	}
	return s.Accounts[i], true
}

// AccountNames returns the names of the accounts, in the order of the file.
func (s Settings) AccountNames() (names []string) {
	for _, a := range s.Accounts {
		names = append(names, a.Name)
	}
	return names
}
