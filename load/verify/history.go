package verify

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
)

// CheckHistory compares the rows of the history tables: those of the log mapped again
// ([Verification.AttachRederived]) with the state's, and the state's with the published
// ones.
func (v *Verification) CheckHistory(ctx context.Context) error {
	c := v.begin("", "history", "replaced rows")
	if v.noState != "" {
		return nil
	}
	upToDate, err := v.upToDate(ctx)
	if err != nil {
		return err
	}
	suspect := "warehouse"
	if !v.rederived {
		c.Note("compared with what is published; --deep maps the log again, and compares with that")
		suspect = "state" // a repair derives it again and publishes it, which repairs either
	}
	for _, t := range v.tables {
		if !t.Schema.History {
			continue
		}
		var rows int64
		if err := v.db.One(ctx, []any{&rows}, "SELECT count(*) FROM work."+load.HistoryTable(t.Schema)); err != nil {
			return err
		}
		c.LookedAt += rows
		if v.rederived {
			if err := v.compareHistory(ctx, c, t, "rederived", "work", "state"); err != nil {
				return err
			}
		}
		if v.published && upToDate {
			if err := v.compareHistory(ctx, c, t, "work", "warehouse", suspect); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareHistory reports the rows of a table's history that only one of two databases
// has. The database right is the reference.
func (v *Verification) compareHistory(ctx context.Context, c *Checked, t *load.TableLayout, right, suspect, place string) error {
	side := func(database string) string {
		return fmt.Sprintf("SELECT account, %s AS key, _seq, CAST(struct_pack(h := valid_from, i := valid_to, %s) AS VARCHAR) AS r FROM %s.%s",
			t.KeyText(), duck.PackedStruct(columnsOf(t.Schema)), database, load.HistoryTable(t.Schema))
	}
	for _, s := range []struct{ says, from, less string }{{"removed or altered", right, suspect}, {"added or altered", suspect, right}} {
		err := v.tell(ctx, c, fmt.Sprintf(`SELECT %s, concat(%s, ' ', account, '/', key), concat('seq ', _seq) FROM (%s EXCEPT ALL %s) ORDER BY ALL`,
			sqltext.Literal(place+" history "+s.says), sqltext.Literal(t.Schema.HistoryTable()), side(s.from), side(s.less)))
		if err != nil {
			return fmt.Errorf("%s: %w", t.Schema.HistoryTable(), err)
		}
	}
	return nil
}
