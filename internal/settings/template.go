package settings

import (
	"fmt"
	"strings"
)

// head is the beginning of the template.
const head = `# yaml-language-server: $schema=schemas/meta/settings-v1.json
#
# Settings of stripelake, for commands that run in this folder, or with --config FILE.
# Remove "# " before a line to set it. Paths are relative to this file.
# A flag (--lake DIR) is stronger than the environment (STRIPELAKE_LAKE), and that is
# stronger than this file. "stripelake config" prints what is in force, and why.
`

// accountsPart is the template's section of accounts.
const accountsPart = `
# The accounts to copy, each with a name of yours. A key never stands in this file: name
# the environment variable, {env: NAME}, or the file, {file: PATH}, that holds it.
accounts:
  main:
    key: {env: STRIPE_API_KEY}
    # label: shop                         # name of the account where the key may not read its id
    # connected: [acct_1AbCdEfGhIjKlMnO]  # read these connected accounts instead of the key's own
`

// Template returns a settings file with every value in a comment, but for the lake and
// one account.
func Template() string {
	var out strings.Builder
	out.WriteString(head)
	for _, key := range keys {
		if section, _, nested := strings.Cut(key.Name, "."); nested {
			break
		} else if section == "lake" {
			fmt.Fprintf(&out, "\n# %s\nlake: %s\n", about(key), key.Example)
		} else {
			fmt.Fprintf(&out, "\n# %s\n# %s: %s\n", about(key), key.Name, key.Example)
		}
	}
	out.WriteString(accountsPart)
	for _, section := range sectionNames() {
		fmt.Fprintf(&out, "\n%s:\n", section)
		for _, key := range keys {
			if in, name, _ := strings.Cut(key.Name, "."); in == section {
				fmt.Fprintf(&out, "  # %s\n  # %s: %s\n", about(key), name, key.Example)
			}
		}
	}
	return out.String()
}

// about is what a key is, with its other names.
func about(key Key) string {
	if key.Flag == "" {
		return fmt.Sprintf("%s (%s)", key.Says, key.Variable())
	}
	return fmt.Sprintf("%s (--%s, %s)", key.Says, key.Flag, key.Variable())
}
