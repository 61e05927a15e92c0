package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// resolveAccount returns the account that the key reads: its id at Stripe, or a
// label where a restricted key may not ask for the id. The label is given once
// and remembered. The name is never derived from the key, because keys are
// rolled.
func resolveAccount(ctx context.Context, client *extract.Client, lake *load.Lake, label string) (string, error) {
	if extract.Redact(label) != label { // Invariant 11: a name is in every row and folder
		return "", &UsageError{"the name given with --account-label looks like a key or a secret: give the account any other name"}
	}
	account, err := client.Account(ctx)
	if err != nil && !IsAccountHidden(err) {
		return "", err
	}
	known, labelErr := rememberedLabel(lake)
	switch {
	case labelErr != nil:
		return "", labelErr
	case known != "" && label != "" && label != known:
		// Under another name the lake would hold the account twice.
		return "", &UsageError{fmt.Sprintf("the lake holds an account under the label %s: leave --account-label out, or use another lake for %s", known, label)}
	case err == nil && known != "" && label == known:
		return known, nil // the key may read the id now; the name stays
	case err == nil && known != "":
		return "", &UsageError{fmt.Sprintf("the lake holds an account under the label %s, and this key names %s: if they are the same, go on with --account-label %s; if not, use another lake", known, account.ID, known)}
	case err == nil:
		return account.ID, lake.Remember(account.ID, false)
	case label == "" && known == "" && extract.IsNotFound(err):
		return "", fmt.Errorf("%w; %s", err, FixHiddenAccount)
	case label == "" && known == "":
		return "", &UsageError{"this key may not read the account's id: name the account once with --account-label NAME, and the lake remembers it"}
	case label == "":
		label = known
	}
	if err := lake.Remember(label, true); err != nil {
		return "", &UsageError{err.Error()}
	}
	return label, nil
}

// FixHiddenAccount is the further advice where the request for the key's
// account is answered with a 404.
const FixHiddenAccount = "if the address is right, name the account once with --account-label NAME, and the lake remembers it"

// IsAccountHidden reports an error of [extract.Client.Account] after which the
// caller may name the account: a restricted key may not ask for it, and some
// proxies do not pass the request on.
func IsAccountHidden(err error) bool { return extract.IsForbidden(err) || extract.IsNotFound(err) }

// NameOfAccount returns the name under which a lake with these accounts keeps
// the one with this id or label. id and label are empty where the key may not
// read them. The result is empty where the name is unknown.
func NameOfAccount(held []load.Account, id, label string) string {
	if id = cmp.Or(id, label); id != "" {
		return id
	}
	for _, a := range held {
		if a.Label {
			return a.ID
		}
	}
	return ""
}

// rememberedLabel returns the only label that the lake knows, or "" where it
// knows none or several.
func rememberedLabel(lake *load.Lake) (string, error) {
	accounts, err := lake.Accounts()
	if err != nil {
		return "", err
	}
	labels := slices.DeleteFunc(accounts, func(a load.Account) bool { return !a.Label })
	if len(labels) != 1 {
		return "", nil
	}
	return labels[0].ID, nil
}
