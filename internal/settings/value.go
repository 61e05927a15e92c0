package settings

import (
	"errors"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/notify"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/internal/strictyaml"
)

// value reads the value of a key, and reports what it cannot be.
func (r *reader) value(o *strictyaml.Object, key Key, name string) {
	n := o.Get(name)
	if n == nil {
		return
	}
	v := Value{At: n.Pos}
	switch key.Kind {
	case List, Resource, Event:
		v.Texts = o.Texts(name)
	case Policies:
		v.Texts = r.policies(n, name)
	case Address:
		v.Texts = r.address(n, key.Name)
	default:
		if text := o.Text(name); text.Value != "" {
			v.Texts = []Text{text}
		}
	}
	for i, text := range v.Texts {
		if why := key.Refuse(text.Value); why != "" {
			name := key.Name
			if path, _, ok := strings.Cut(text.Value, "="); ok && key.Kind == Policies {
				name += " of " + path
			}
			r.Report(text.Pos, "C1", "%s %s", name, why)
		}
		if key.Kind == Path && !filepath.IsAbs(text.Value) {
			v.Texts[i].Value = filepath.Join(r.folder, text.Value)
		}
	}
	if len(v.Texts) > 0 {
		r.found.values[key.Name] = v
	}
}

// policies reads a mapping as texts "path=policy".
func (r *reader) policies(n *strictyaml.Node, name string) (texts []Text) {
	if r.Object(n, name) == nil {
		return nil
	}
	for _, m := range n.Members {
		if m.Value.Kind != strictyaml.Scalar {
			r.Report(m.Value.Pos, "C1", "%s of %s must be %s, is %s", name, m.Key, Policy, m.Value.Kind)
			continue
		}
		texts = append(texts, Text{Value: m.Key + "=" + m.Value.Text, Pos: m.Pos})
	}
	return texts
}

// Refuse says why a text is no value of the key, or nothing where it is one: "must be a
// percentage like 50%, is \"half\"".
func (k Key) Refuse(text string) string {
	ok, hint := true, ""
	switch k.Kind {
	case Duration:
		_, err := ParseDuration(text)
		ok = err == nil
	case Share:
		number, percent := strings.CutSuffix(text, "%")
		n, err := strconv.ParseFloat(number, 64)
		ok = percent && err == nil && n >= 0 && n <= 100 && !(n == 0 && k.Name == "limits.max_share")
	case Number:
		n, err := strconv.ParseFloat(text, 64)
		ok = err == nil && n > 0
	case Count:
		n, err := strconv.ParseUint(text, 10, 31)
		ok = err == nil && !(n == 0 && k.Name == "limits.max_requests")
	case Size:
		ok = sizeText.MatchString(text)
	case LogFormat:
		ok = text == "text" || text == "json"
	case Date:
		_, day := time.Parse(time.DateOnly, text)
		_, moment := time.Parse(time.RFC3339, text)
		ok = day == nil || moment == nil
	case Policy:
		ok, hint = isPolicy(text)
	case Policies:
		var policy bool
		if _, text, policy = strings.Cut(text, "="); policy {
			ok, hint = isPolicy(text)
		}
	case Base:
		if to, err := notify.Check(text); err != nil || to.User != nil {
			return "must be " + string(Base)
		}
	case Event:
		ok, hint = slices.Contains(notify.Events(), text), spelling.Suggestion(text, notify.Events())
	case Address:
		if _, err := ParseAddress(text); err != nil {
			return "must be " + string(Address) + ": " + err.Error()
		}
	case Resource:
		ok = resourceName.MatchString(text)
	}
	if ok {
		return ""
	}
	kind := k.Kind
	if kind == Policies {
		kind = Policy
	}
	return "must be " + string(kind) + ", is " + strconv.Quote(text) + hint
}

// sizeText is how a size is written; the flag reads it.
var sizeText = regexp.MustCompile(`^(?i:0|[0-9]+(\.[0-9]+)? ?([kmgt]i?)?b|[0-9]{1,2}(\.[0-9]+)?%)$`)

func isPolicy(text string) (ok bool, hint string) {
	known := []string{"keep", "drop", "hash"}
	return slices.Contains(known, text), spelling.Suggestion(text, known)
}

// Split returns the values of a variable: of a list, the texts between commas.
func (k Key) Split(text string) []string {
	if !k.IsList() {
		return []string{text}
	}
	var values []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			values = append(values, part)
		}
	}
	return values
}

// IsList reports whether the key has several values.
func (k Key) IsList() bool { return slices.Contains([]Kind{List, Resource, Policies, Event}, k.Kind) }

// Show returns a value as it may be printed.
func (k Key) Show(text string) string {
	if k.Kind != Address || text == "" {
		return text
	}
	reference, err := ParseAddress(text)
	if err != nil {
		return "not an address"
	}
	return reference.String()
}

// FlagText returns a value in the form that its flag takes.
func (k Key) FlagText(text string) string {
	if d, err := ParseDuration(text); k.Kind == Duration && err == nil {
		return d.String()
	}
	return text
}

// ParseDuration reads a duration. Besides Go's units it takes days of 24 hours: 90d, 1d12h.
// It is never negative.
func ParseDuration(text string) (time.Duration, error) {
	days, rest, hasDays := strings.Cut(text, "d")
	if !hasDays {
		days, rest = "0", text
	}
	n, err := strconv.ParseUint(days, 10, 16)
	var part time.Duration
	if err == nil && (rest != "" || !hasDays) {
		part, err = time.ParseDuration(rest)
	}
	if err != nil || part < 0 {
		return 0, errors.New("it is not " + string(Duration))
	}
	return time.Duration(n)*24*time.Hour + part, nil
}
