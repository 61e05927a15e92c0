package verify

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
)

// tellRows reports the rows of a table that differ from the reference.
func (v *Verification) tellRows(ctx context.Context, c *Checked, t *load.TableLayout, reference, at place) error {
	from := v.from(t, reference)
	if reference == inFiles {
		return v.tellAgainstFiles(ctx, c, t, at)
	}
	if from == "" {
		return nil // nothing to compare with: the checks of the files report what is missing
	}
	if at != inFiles {
		return v.tellDifference(ctx, c, t, from, v.from(t, at), string(at)+" row", "")
	}
	for _, f := range v.filesOf(t) {
		if is, err := v.unreadable(f); err != nil {
			return err
		} else if is {
			continue // CheckGeneration reports it
		}
		if err := v.tellFile(ctx, c, t, f, from); err != nil {
			return err
		}
	}
	return nil
}

// tellAgainstFiles is tellRows for a table whose files are right.
func (v *Verification) tellAgainstFiles(ctx context.Context, c *Checked, t *load.TableLayout, at place) error {
	for _, f := range v.filesOf(t) {
		part, err := partOf(t, f)
		if err != nil {
			return err
		}
		err = v.tellDifference(ctx, c, t, duck.FileRows(t.Schema, v.pathOf(f)),
			"(FROM "+v.from(t, at)+" WHERE "+part+")", string(at)+" row", "")
		if err != nil {
			return err
		}
	}
	return nil
}

// partOf returns the SQL condition for the rows that belong in a file.
func partOf(t *load.TableLayout, f load.File) (string, error) {
	part, err := t.Period.Condition(f.Partition, f.Part)
	return fmt.Sprintf("account = %s AND %s", sqltext.Literal(f.Account), part), err
}

// tellFile reports the rows of one file that differ from the reference, and those that
// do not belong in it.
func (v *Verification) tellFile(ctx context.Context, c *Checked, t *load.TableLayout, f load.File, from string) error {
	part, err := partOf(t, f)
	if err != nil {
		return err
	}
	from = "(FROM " + from + " WHERE " + part + ")"
	file := duck.FileRows(t.Schema, v.pathOf(f))
	columns := columnsOf(t.Schema)
	want, err := duck.DigestRows(ctx, v.db.Session, from, columns)
	if err != nil {
		return err
	}
	got, err := duck.DigestRows(ctx, v.db.Session, file, columns)
	switch {
	case err != nil && (ctx.Err() != nil || !duck.IsDamage(err)):
		return err
	case err != nil:
		v.add(c, Finding{"partition file damaged", "current/" + f.Path, oserr.FirstLine(err), FixState})
		return nil
	case got == want:
		return nil
	}
	if older, found := v.inOlder(v.pathOf(f), filepath.ToSlash(f.Path)); found {
		v.add(c, Finding{"partition file from another generation", "current/" + f.Path, fmt.Sprintf("it is that of generation %d", older), FixState})
		return nil
	}
	return v.tellDifference(ctx, c, t, from, file, "partition row", " in current/"+f.Path)
}

// tellDifference compares two relations with rows of a table, by key, and reports the
// differences as findings about the suspect.
func (v *Verification) tellDifference(ctx context.Context, c *Checked, t *load.TableLayout, reference, suspect, subject, where string) error {
	side := func(from string) string {
		return fmt.Sprintf(`SELECT account, %s AS key, count(*) AS n, max(_seq) AS seq, bit_xor(md5_number_lower(r)) AS h
			FROM (SELECT *, CAST(struct_pack(%s) AS VARCHAR) AS r FROM %s) GROUP BY ALL`, t.KeyText(), duck.PackedStruct(columnsOf(t.Schema)), from)
	}
	return v.tell(ctx, c, fmt.Sprintf(`
		WITH differing AS (
			SELECT account, key, coalesce(a.n, 0) AS due, coalesce(b.n, 0) AS got, a.seq AS want, b.seq AS seq
			FROM (%[1]s) a FULL JOIN (%[2]s) b USING (account, key)
			WHERE a.n IS DISTINCT FROM b.n OR a.h IS DISTINCT FROM b.h),
		moved AS (SELECT s.key, s.account AS elsewhere, l.account AS account FROM differing s JOIN differing l USING (key) WHERE s.due = 0 AND l.got = 0)
		SELECT %[3]s || ' moved to another account', concat(%[4]s, ' ', account, '/', key, %[5]s), concat('it is in ', elsewhere) FROM moved
		UNION ALL
		SELECT %[3]s || CASE WHEN due = 0 THEN ' added' WHEN got < due THEN ' removed' WHEN got > due THEN ' doubled' WHEN want <> seq THEN ' of another version' ELSE ' altered' END,
			concat(%[4]s, ' ', account, '/', key, %[5]s), CASE WHEN due = got AND want <> seq THEN concat('seq ', seq, ' where ', want, ' is due') ELSE '' END
		FROM differing d WHERE NOT EXISTS (FROM moved m WHERE m.key = d.key AND d.account IN (m.account, m.elsewhere))
		ORDER BY ALL`, side(reference), side(suspect), sqltext.Literal(subject), sqltext.Literal(t.Schema.Table), sqltext.Literal(where)))
}
