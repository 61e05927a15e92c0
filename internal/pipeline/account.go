package pipeline

import (
	"cmp"
	"context"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// resolveAccount says whose data the key reads: the id that Stripe gives or,
// where a restricted key may not ask, the label given once and remembered. It
// is never derived from the key, because keys are rolled.
func resolveAccount(ctx context.Context, client *extract.Client, lake *load.Lake, label string) (string, error) {
	account, err := client.Account(ctx)
	if err == nil {
		return account.ID, lake.Remember(account.ID, false)
	}
	if !extract.IsForbidden(err) {
		return "", err
	}
	if label == "" {
		label, err = rememberedLabel(lake)
		if err != nil || label == "" {
			return "", cmp.Or(err, error(&UsageError{"this key may not read the account's id: name the account once with --account-label NAME, and the lake remembers it"}))
		}
	}
	if err := lake.Remember(label, true); err != nil {
		return "", &UsageError{err.Error()}
	}
	return label, nil
}

// rememberedLabel is the one label that the lake knows, or nothing.
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
