package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// Refusal counts the objects that one rule had refused, after mapping them
// again.
type Refusal struct {
	Table, Field, Rule string
	Fit, Refused       int // with the mappings given
}

// Replay maps the objects in meta.rejects again, with the mappings given, and
// counts how many would be rows now. It changes nothing. A rebuild replaces the
// whole table.
func (r *Rebuild) Replay(ctx context.Context) ([]Refusal, error) {
	state, err := r.Lake.OpenState(ctx)
	if err != nil {
		return nil, err
	}
	rejects, err := state.Rejects(ctx)
	if err := cmp.Or(err, state.Close()); err != nil {
		return nil, err
	}
	counts := map[Refusal]*Refusal{}
	rejects = slices.DeleteFunc(rejects, func(x load.Rejected) bool {
		if x.OfKey() {
			refusalCount(counts, x).Refused++
		}
		return x.OfKey()
	})
	for len(rejects) > 0 {
		n := slices.IndexFunc(rejects, func(x load.Rejected) bool {
			return x.Account != rejects[0].Account || x.Stream != rejects[0].Stream || x.Segment != rejects[0].Segment
		})
		if n < 0 {
			n = len(rejects)
		}
		if err := r.replaySegment(ctx, rejects[:n], counts); err != nil {
			return nil, err
		}
		rejects = rejects[n:]
	}
	var out []Refusal
	for _, c := range counts {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Rule, b.Rule))
	})
	return out, nil
}

// refusalCount returns the counter for refusals of the same table, field and
// rule.
func refusalCount(counts map[Refusal]*Refusal, x load.Rejected) *Refusal {
	key := Refusal{Table: x.Table, Field: x.Field, Rule: x.Rule}
	if counts[key] == nil {
		c := key
		counts[key] = &c
	}
	return counts[key]
}

// replaySegment maps the rejected objects of one segment.
func (r *Rebuild) replaySegment(ctx context.Context, rejects []load.Rejected, counts map[Refusal]*Refusal) error {
	account, stream, segment := rejects[0].Account, rejects[0].Stream, rejects[0].Segment
	mappings, err := withKey(r.Mappings, r.Lake)
	if err != nil {
		return err
	}
	resource, _ := r.Lake.Resources().Named(stream)
	mapper := mappings.Mapper(resource.Object)
	for batch, err := range r.Lake.Read(ctx, account, stream, segment-1) {
		if err != nil {
			return err
		}
		for _, raw := range batch.Objects {
			for _, reject := range rejects {
				if reject.Seq != raw.Seq {
					continue
				}
				if c := refusalCount(counts, reject); isRefused(mapper, account, raw, reject.Table) {
					c.Refused++
				} else {
					c.Fit++
				}
			}
		}
		if batch.End {
			return nil
		}
	}
	return fmt.Errorf("segment %d of %s/%s is not in the log", segment, account, stream)
}

// isRefused reports whether a table still refuses an object.
func isRefused(mapper *transform.Mapper, account string, raw load.Raw, table string) bool {
	if mapper == nil || raw.Deleted {
		return true // deleted before any version of it was read: there is nothing to map
	}
	refused := false
	for _, b := range mapper.Map([]transform.Object{mappingInput(account, raw)}) {
		refused = refused || b.Schema.Table == table && len(b.Rejects) > 0
		b.Rows.Release()
	}
	return refused
}
