package verify

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Derivable returns why the log cannot be mapped again for comparison, or "" if it can.
func (v *Verification) Derivable() string {
	for _, key := range sortedKeys(v.damaged) {
		if v.damaged[key] {
			return "the log or the position of " + key.Account + "/" + key.Stream + " is damaged"
		}
	}
	for key, ends := range v.ends {
		if n := len(ends); v.noState == "" && n > 0 && v.positions[key] != ends[n-1].Last {
			return "not all of the log is applied yet: run stripelake sync first"
		}
	}
	return ""
}

// Scratch returns the folder for the lake that the log is mapped into. Close removes
// it.
func (v *Verification) Scratch() string { return filepath.Join(v.scratch.Path, "lake") }

// AttachRederived opens the state of the scratch lake for reading. Its tables are the
// reference for the checks that follow.
func (v *Verification) AttachRederived(ctx context.Context) error {
	err := v.db.Run(ctx, "ATTACH "+sqltext.Literal(lakedir.Database(v.Scratch()))+" AS rederived (READ_ONLY)")
	v.rederived = err == nil
	return err
}

// CheckRejects compares three things with the log mapped again: the rejects, the rows
// that wait for their key, and the nested lists that were cut short. It does not
// compare when and in which segment a reject was first seen: that depends on how often
// segments were applied and merged.
func (v *Verification) CheckRejects(ctx context.Context) error {
	c := v.begin("", "rejects", "rows")
	if !v.rederived || v.noState != "" {
		c.Note("compared by --deep only, which maps the log again")
		return nil
	}
	kept := []struct{ table, columns, named string }{
		{"meta.rejects", `account, stream, id, seq, "table", field, rule, reason, mapping, last_seen, object, example`, "account, '/', stream, ' ', id"},
		{"meta.incomplete_lists", "account, stream, id, seq, list", "account, '/', stream, ' ', id"},
	}
	for _, t := range v.tables {
		if !t.KeyIsID {
			kept = append(kept, struct{ table, columns, named string }{load.HeldTable(t.Schema), "*", "account, ' ', _source_id"})
		}
	}
	for _, t := range kept {
		var rows int64
		if err := v.db.One(ctx, []any{&rows}, "SELECT count(*) FROM rederived."+t.table); err != nil {
			return err
		}
		c.LookedAt += rows
		for _, side := range []struct{ name, from, less string }{
			{"removed or altered", "rederived", "work"}, {"added or altered", "work", "rederived"},
		} {
			err := v.tell(ctx, c, fmt.Sprintf(`SELECT 'reject %s', concat(%s, ' ', %s), ''
				FROM (SELECT %[4]s FROM %[5]s.%[6]s EXCEPT ALL SELECT %[4]s FROM %[7]s.%[6]s) ORDER BY ALL`,
				side.name, sqltext.Literal(t.table), t.named, t.columns, side.from, t.table, side.less))
			if err != nil {
				return err
			}
		}
	}
	return nil
}
