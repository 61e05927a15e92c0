package pipeline

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// keyed gives a plan the lake's key, where a table hashes personal data.
func keyed(plan *transform.Plan, lake *load.Lake) (*transform.Plan, error) {
	if !plan.Hashes() {
		return plan, nil
	}
	key, _, err := lake.PIIKey()
	return plan.Keyed(key), err
}

// checkKey derives everything again where tables hold hashes and the key they
// were made with is lost: a new one makes others.
func checkKey(ctx context.Context, lake *load.Lake, state *load.State) error {
	if !state.Hashes() {
		return nil
	}
	_, fresh, err := lake.PIIKey()
	if err == nil && fresh {
		err = state.Reset(ctx, "the key of hashed personal data is a new one")
	}
	return err
}

// redact blanks, before anything of the object is kept, what the schemas'
// privacy wants out of the raw log. An object that cannot be shown to be clean
// ends the reading: keeping it would break a promise, leaving it out another.
func (r *reader) redact(o extract.Object) ([]byte, error) {
	if r.redactor == nil {
		return o.Raw, nil
	}
	raw, err := r.redactor.Redact(o.Raw)
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", r.resource.Object, o.ID, err)
	}
	return raw, nil
}
