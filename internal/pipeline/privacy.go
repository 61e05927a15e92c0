package pipeline

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// withKey returns the mappings with the lake's key, where a table hashes personal
// data.
func withKey(mappings *transform.Mappings, lake *load.Lake) (*transform.Mappings, error) {
	if !mappings.Hashes() {
		return mappings, nil
	}
	key, _, err := lake.PIIKey()
	return mappings.Keyed(key), err
}

// checkKey resets the state where tables hold hashes and the key that they were
// made with is lost: a new key makes other hashes.
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

// redact blanks secrets, and the fields that the schemas' privacy keeps out of the raw log,
// before anything of the object is kept. An object that cannot be shown to be
// clean ends the reading: to keep it would break the promise of privacy, to
// leave it out the promise of completeness.
func (r *reader) redact(o extract.Object) (raw, more []byte, err error) {
	about := []string{r.resource.Object}
	if r.resource.Object == extract.Events().Object {
		about = append(about, r.resource.Object+"."+eventObjectType(o.Raw))
	}
	raw, more = o.Raw, o.More
	if transform.MayHoldSecrets(raw) || transform.MayHoldSecrets(more) { // Invariant 11
		if raw, err = transform.Secrets().Redact(extract.JoinNested(raw, more)); err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", r.resource.Object, o.ID, err)
		}
		more = nil
	}
	for _, what := range about {
		redactor := r.redactors[what]
		if redactor == nil {
			continue
		}
		// Paths lead through whole lists, so they are joined first.
		if raw, err = redactor.Redact(extract.JoinNested(raw, more)); err != nil {
			return nil, nil, fmt.Errorf("%s %s: %w", r.resource.Object, o.ID, err)
		}
		more = nil
	}
	return raw, more, nil
}

// eventObjectType returns the type of the object in an event.
func eventObjectType(event []byte) string {
	var e struct {
		Data struct {
			Object struct{ Object extract.Reference }
		}
	}
	_ = json.Unmarshal(event, &e)
	return string(e.Data.Object.Object)
}
