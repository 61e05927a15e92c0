package authoring

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
)

// dbtFile is a properties file of dbt. The names and their order come from
// docs.getdbt.com, "Source properties".
type dbtFile struct {
	Version int         `yaml:"version"`
	Sources []dbtSource `yaml:"sources"`
}

type dbtSource struct {
	Name        quotedText      `yaml:"name"`
	Description quotedText      `yaml:"description"`
	Database    quotedText      `yaml:"database"`
	Schema      quotedText      `yaml:"schema"`
	Loader      quotedText      `yaml:"loader"`
	Tables      []dbtProperties `yaml:"tables"`
}

// dbtProperties are the properties of a table or a column.
type dbtProperties struct {
	Name        quotedText      `yaml:"name"`
	Description quotedText      `yaml:"description"`
	DataType    quotedText      `yaml:"data_type,omitempty"`
	Config      *dbtConfig      `yaml:"config,omitempty"`
	DataTests   []any           `yaml:"data_tests,omitempty"` // the name of a test, or its name with its arguments
	Columns     []dbtProperties `yaml:"columns,omitempty"`
}

type dbtConfig struct {
	Meta          yaml.MapSlice `yaml:"meta,omitempty"` // properties for which dbt has no key of its own
	LoadedAtField quotedText    `yaml:"loaded_at_field,omitempty"`
	Freshness     *dbtFreshness `yaml:"freshness,omitempty"`
	Severity      quotedText    `yaml:"severity,omitempty"`
	Where         quotedText    `yaml:"where,omitempty"`
}

type dbtFreshness struct {
	WarnAfter  dbtPeriod  `yaml:"warn_after,flow"`
	ErrorAfter dbtPeriod  `yaml:"error_after,flow"`
	Filter     quotedText `yaml:"filter"`
}

type dbtPeriod struct {
	Count  int        `yaml:"count"`
	Period quotedText `yaml:"period"`
}

// dbtTest has the arguments and the configuration of a test.
type dbtTest struct {
	Name      quotedText     `yaml:"name,omitempty"`
	Arguments map[string]any `yaml:"arguments"`
	Config    *dbtConfig     `yaml:"config,omitempty"`
}

// quotedText is always in double quotes, because dbt reads YAML 1.1, where y, no and on
// are booleans. dbt takes braces in texts for Jinja, which schemas do not use.
type quotedText string

// MarshalYAML returns the text as a JSON string, which is valid YAML.
func (t quotedText) MarshalYAML() ([]byte, error) {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(strings.NewReplacer("{{", "{ {", "{%", "{ %", "{#", "{ #").Replace(string(t)))
	return []byte(strings.TrimSuffix(b.String(), "\n")), err
}

// dbtText returns the text of the file, with its header.
func dbtText(database string, file dbtFile) (string, error) {
	text, err := yaml.MarshalWithOptions(file, yaml.IndentSequence(true))
	if err != nil {
		return "", fmt.Errorf("write the properties for dbt: %w", err)
	}
	return fmt.Sprintf(dbtHeader, database) + string(text), nil
}
