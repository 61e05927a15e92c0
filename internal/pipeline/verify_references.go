package pipeline

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// references looks for rows that name a missing object in a column whose schema
// has a ref.
func (l *ledger) references(ctx context.Context, published bool, set *schemas.Set) error {
	c := l.Begin("", "references", "references")
	if !published {
		c.Note("nothing is published to ask")
		return nil
	}
	for _, from := range set.Schemas {
		for _, field := range from.Fields {
			to := set.Schema(field.Ref)
			if to == nil || field.Type.Kind != schemas.String || field.Hashed || !slices.Equal(to.PrimaryKey, []string{"id"}) {
				continue
			}
			if err := l.reference(ctx, c, from, field.Name, to); err != nil {
				return fmt.Errorf("%s.%s: %w", from.Table, field.Name, err)
			}
		}
	}
	return nil
}

// reference checks one column of a table.
func (l *ledger) reference(ctx context.Context, c *verify.Checked, from *schemas.Schema, column string, to *schemas.Schema) error {
	key := from.PrimaryKey[len(from.PrimaryKey)-1]
	for _, needs := range [][]string{{from.Table, key, column, "created", "synced_at"}, {to.Table, "id"}} {
		there, err := l.Publishes(ctx, needs[0], needs[1:]...)
		if err != nil || !there {
			return err
		}
	}
	var looked int64
	if err := l.Query(ctx, []any{&looked}, func() error { return nil }, fmt.Sprintf("SELECT count(%s) FROM %s", sqltext.Ident(column), sqltext.Ident(from.Table))); err != nil {
		return err
	}
	c.LookedAt += looked
	judged := notLate
	target, _ := l.lake.Resources().Named(to.Table)
	if l.lake.Resources().IsLateColumn(column) {
		judged = "(k.since IS NULL OR c.created >= k.since) AND c.synced_at < k.through"
	} else if !target.MadeWhenNamed {
		judged = "k.since IS NULL AND (" + notLate + ")" // the object that is named may be older than the row
	}
	var account, row, id string
	var certain bool
	open, gone := 0, 0
	err := l.Query(ctx, []any{&account, &row, &id, &certain}, func() error {
		switch {
		case l.forgotten.Has(account, id):
			c.Add(verify.Finding{
				Name: "row of somebody forgotten", What: fmt.Sprintf("%s.%s %s/%s", from.Table, column, account, row),
				Says: "it came in before it was known whose it is", Fix: fixForgotten,
			})
		case target.Deletable: // a customer deleted before the lake began was never in it
			gone++
		case !certain:
			open++
		default:
			f := verify.Finding{
				Name: "orphan", What: fmt.Sprintf("%s.%s %s/%s", from.Table, column, account, row),
				Says: fmt.Sprintf("%s has no %s", to.Table, id),
			}
			l.advise(&f, account, to.Table, id)
			c.Add(f)
		}
		return nil
	}, fmt.Sprintf(`SELECT c.account, c.%[1]s, c.%[2]s, coalesce(%[3]s, false)
		FROM %[4]s c LEFT JOIN covered k ON k.account = c.account AND k.resource = %[5]s
		WHERE c.%[2]s IS NOT NULL AND NOT EXISTS (FROM %[6]s t WHERE t.account = c.account AND t.id = c.%[2]s) AND %[7]s
		ORDER BY ALL`, sqltext.Ident(key), sqltext.Ident(column), judged, sqltext.Ident(from.Table), sqltext.Literal(to.Table), sqltext.Ident(to.Table),
		unlessRejected(to.Table, "c."+sqltext.Ident(column))))
	if open > 0 {
		c.Note("%s.%s: %d name %s that are not there yet; the next sync tells", from.Table, column, open, strings.ReplaceAll(to.Table, "_", " "))
	}
	if gone > 0 {
		c.Note("%s.%s: %d name %s that the lake never held: Stripe lists what was deleted no more", from.Table, column, gone, to.Table)
	}
	return err
}

// advise adds to a finding what to do about a missing object, and notes the
// object for a repair. A sync requests objects that no event is about, as long
// as Stripe may still come to have them. Other objects had their events, so
// only a repair requests them again.
func (l *ledger) advise(f *verify.Finding, account, table, id string) {
	resources := Resources(l.lake.Resources())
	i := slices.IndexFunc(resources, func(r extract.Resource) bool { return r.Name == table })
	if i < 0 {
		f.Fix = fixLedger
		return
	}
	if l.orphans[account] == nil {
		l.orphans[account] = map[string][]load.Reread{}
	}
	if !slices.ContainsFunc(l.orphans[account][table], func(o load.Reread) bool { return o.ID == id }) {
		l.orphans[account][table] = append(l.orphans[account][table], load.Reread{ID: id, Apart: farApart})
	}
	f.Fix = fixStripe
	if !resources[i].Silent {
		return
	}
	lacking := l.lacking(account, table)
	j := slices.IndexFunc(lacking, func(n extract.NotFound) bool { return n.ID == id })
	if j < 0 {
		f.Fix = "run stripelake sync, which reads it by its id"
		return
	}
	n := lacking[j]
	f.Says += fmt.Sprintf(", and Stripe does not find it: asked %d times, last at %s", n.Times, timeText(n.Asked))
	if !n.Exhausted() {
		f.Fix = "run stripelake sync, which asks for it once a day for a week"
	} else {
		f.Fix = "look it up in the Dashboard; if that shows it, run stripelake verify --stripe --repair, which asks once more"
	}
}

// lacking returns the ids that Stripe did not find, from the newest cursor of a
// stream.
func (l *ledger) lacking(account, stream string) []extract.NotFound {
	cursors := l.Cursors(account, stream)
	if len(cursors) == 0 {
		return nil
	}
	found, _ := notFound(extract.Cursor(cursors[len(cursors)-1])) // the coverage check reports a damaged cursor
	return found
}
