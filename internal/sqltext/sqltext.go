// Package sqltext writes names and texts into SQL, for the statements that take no
// parameters. It is the one place that quotes: whatever a name or a value holds, it
// stays one.
package sqltext

import "strings"

// Ident is a name: "a ""b""".
func Ident(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Literal is a text: 'it”s'. A backslash is one, as in standard SQL.
func Literal(text string) string { return `'` + strings.ReplaceAll(text, `'`, `''`) + `'` }
