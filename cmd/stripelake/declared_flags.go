package main

import (
	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/strictyaml"
	"github.com/stripelake/stripelake/schemas"
)

// declaredOptions name schemas, and a privacy policy that is laid over theirs.
type declaredOptions struct {
	schemas   optional[string]
	pii       string
	piiFields cli.StringSlice
	rawRedact cli.StringSlice
}

func (o *declaredOptions) declaredFlags() []cli.Flag {
	return inCategory("schemas and privacy", []cli.Flag{
		&cli.StringFlag{Name: "schemas", Destination: &o.schemas.value, Action: o.schemas.note, Usage: "use the schemas and mappings in `DIR` instead of the lake's own"},
		&cli.StringFlag{Name: "pii", Destination: &o.pii, Usage: "`POLICY` for fields labelled pii: keep, drop or hash, instead of the schemas' own"},
		&cli.StringSliceFlag{Name: "pii-field", Destination: &o.piiFields, Usage: "`FIELD=POLICY` for one of them: customers.email=hash (repeatable)"},
		&cli.StringSliceFlag{Name: "raw-redact", Destination: &o.rawRedact, Usage: "blank the source `PATH` before the raw log, for good, besides those of the schemas (repeatable)"},
	})
}

// override returns the policy of the options. Each text has the place where it is said:
// in the settings file or, without a line, a variable or a flag.
func (env *environment) override(o *declaredOptions) (p schemas.PrivacyOverride) {
	if o.pii != "" {
		p.PII = env.said("privacy.pii", []string{o.pii})[0]
	}
	p.Fields = env.said("privacy.fields", o.piiFields.Value())
	p.RawRedact = env.said("privacy.raw_redact", o.rawRedact.Value())
	return p
}

// said returns the values of a key with their places.
func (env *environment) said(key string, values []string) []strictyaml.Text {
	v := env.inForce.values[key]
	if len(v.texts) > 0 {
		return v.texts
	}
	var texts []strictyaml.Text
	for _, value := range values {
		texts = append(texts, strictyaml.Text{Value: value, Pos: strictyaml.Pos{File: v.source}})
	}
	return texts
}
