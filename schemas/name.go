package schemas

import (
	"regexp"

	"github.com/stripelake/stripelake/internal/strictyaml"
)

// Names become parts of SQL, paths and other systems' schemas. They are letters, digits
// and underscores, so that none can end an identifier or leave a folder.
var (
	qualifiedName = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}\.[a-z][a-z0-9_]{0,62}$`)
	snakeName     = regexp.MustCompile(`^_?[a-z][a-z0-9_]{0,61}$`)
	fieldName     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}$`)
	semver        = regexp.MustCompile(`^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})$`)
	targetName    = regexp.MustCompile(`^([a-z][a-z0-9_]*\.[a-z][a-z0-9_]*)@(\d+)$`)
	sourcePath    = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$`)
)

// reserved are the columns that every table has in addition to its declared ones.
var reserved = []string{"account", "deleted", "deleted_seen_at", "_source_id", "_seq"}

// folderKeys are the keys in the names of most tables' folders.
var folderKeys = []string{"acct", "created_day", "created_month", "created_year"}

// qualified reads the value of a key, "system.object".
func qualified(o *strictyaml.Object, key string) Text {
	t := o.Required(key, "S2", "write system.object, for example stripe.charge")
	if t.Value != "" && !qualifiedName.MatchString(t.Value) {
		o.Report(t.Pos, "S2", "%s %q must be system.object in lower case, for example stripe.charge", key, t.Value)
	}
	return t
}

func version(o *strictyaml.Object) string {
	t := o.Required("version", "S12", "write a semantic version, for example 1.0.0")
	if t.Value != "" && !semver.MatchString(t.Value) {
		o.Report(t.Pos, "S12", "version %q must be three numbers, for example 1.0.0", t.Value)
	}
	return t.Value
}
