package verify

import (
	"context"
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/rawlog"
)

// CheckObjects compares the newest version of each object in the log with the state's
// record of it: seq, hash and deleted (Invariant 6).
func (v *Verification) CheckObjects(ctx context.Context) error {
	c := v.begin("", "newest versions", "objects")
	if v.noState != "" {
		c.Note("no state to compare with: %s", v.noState)
		return nil
	}
	steps := []string{
		"CREATE TEMP TABLE applied (account VARCHAR, stream VARCHAR, upto BIGINT)", // a NULL upto: the stream is not compared
		"CREATE TEMP TABLE newest (account VARCHAR, stream VARCHAR, id VARCHAR, seq BIGINT, hash UBIGINT, deleted BOOLEAN)",
		"CREATE TEMP TABLE kept (account VARCHAR, stream VARCHAR, id VARCHAR, n BIGINT, seq BIGINT, hash UBIGINT, deleted BOOLEAN)",
	}
	if err := v.db.Run(ctx, steps...); err != nil {
		return err
	}
	for key := range v.ends {
		var upTo any
		if seq, compared := v.applied[key]; compared {
			upTo = seq
		}
		if _, err := v.db.Exec(ctx, "INSERT INTO temp.applied VALUES (?, ?, ?)", key.Account, key.Stream, upTo); err != nil {
			return err
		}
	}
	var err error
	c.LookedAt, err = v.db.Exec(ctx, `INSERT INTO temp.newest
		SELECT account, stream, id, max(seq), arg_max(hash, seq), arg_max(deleted, seq)
		FROM temp.versions v JOIN temp.applied a USING (account, stream) WHERE v.seq <= a.upto GROUP BY ALL`)
	if err == nil {
		_, err = v.db.Exec(ctx, `INSERT INTO temp.kept
			SELECT account, stream, id, count(*), max(seq), arg_max(CASE WHEN id_hash = hash(id) THEN hash END, seq), arg_max(deleted, seq)
			FROM work.state.objects ANTI JOIN (FROM temp.applied WHERE upto IS NULL) USING (account, stream) GROUP BY ALL`)
	}
	if err != nil {
		return err
	}
	// A row that is missing in one account and surplus in another was moved.
	return v.tell(ctx, c, `
		WITH differing AS (
			SELECT account, stream, id, l.seq AS logged, s.n, l.seq IS NULL AS strange, s.seq IS NULL AS lost
			FROM temp.newest l FULL JOIN temp.kept s USING (account, stream, id)
			WHERE l.seq IS DISTINCT FROM s.seq OR l.hash IS DISTINCT FROM s.hash OR l.deleted IS DISTINCT FROM s.deleted OR s.n <> 1),
		moved AS (SELECT s.stream, s.id, s.account AS elsewhere, l.account AS account
			FROM differing s JOIN differing l USING (stream, id) WHERE s.strange AND l.lost)
		SELECT 'state row moved to another account', concat('objects ', account, '/', stream, ' ', id), concat('it is in ', elsewhere) FROM moved
		UNION ALL
		SELECT CASE WHEN strange THEN 'state row added' WHEN lost THEN 'state row removed' WHEN n > 1 THEN 'state row doubled' ELSE 'state row altered' END,
			concat('objects ', account, '/', stream, ' ', id), ''
		FROM differing d WHERE NOT EXISTS (FROM moved m WHERE m.stream = d.stream AND m.id = d.id AND d.account IN (m.account, m.elsewhere))
		ORDER BY ALL`)
}

// tell adds a finding for each row of a query. The query returns name, what and says.
func (v *Verification) tell(ctx context.Context, c *Checked, query string) error {
	f := Finding{Fix: FixState}
	return v.db.Each(ctx, []any{&f.Name, &f.What, &f.Says}, func() error {
		v.add(c, f)
		return nil
	}, query)
}

// add adds a finding unless an earlier check reported it.
func (v *Verification) add(c *Checked, f Finding) {
	if !slices.ContainsFunc(v.Checks, func(c *Checked) bool { return c.known[[2]string{f.Name, f.What}] }) {
		c.Add(f)
	}
}

// CheckState compares the rows of each table in the state with the newest versions.
// Each row must have its version, each object must have a row or a reject in its
// stream's main table (Invariant 3), and no key may occur twice.
func (v *Verification) CheckState(ctx context.Context) error {
	c := v.begin("", "state", "rows")
	if v.noState != "" {
		c.Note("no state to look at: %s", v.noState)
		return nil
	}
	for _, t := range v.tables {
		if slices.ContainsFunc(v.streamsOf(t), func(key rawlog.StreamKey) bool { return v.damaged[key] }) {
			c.Note("%s: not compared with a log that is damaged", t.Schema.Table)
			continue
		}
		if err := v.checkTable(ctx, c, t); err != nil {
			if ctx.Err() != nil || !duck.IsDamage(err) {
				return err
			}
			v.add(c, Finding{"state damaged", t.Schema.Table, oserr.FirstLine(err), FixState})
		}
	}
	return nil
}

// streamsOf returns the streams of all accounts that feed a table.
func (v *Verification) streamsOf(t *load.TableLayout) (keys []rawlog.StreamKey) {
	for _, account := range v.accounts {
		for _, stream := range t.Streams {
			keys = append(keys, rawlog.StreamKey{Account: account, Stream: stream})
		}
	}
	return keys
}

func (v *Verification) checkTable(ctx context.Context, c *Checked, t *load.TableLayout) error {
	name := "work.main." + sqltext.Ident(t.Schema.Table)
	var rows int64
	if err := v.db.One(ctx, []any{&rows}, "SELECT count(*) FROM "+name); err != nil {
		return err
	}
	c.LookedAt += rows
	feeding := "stream IN (" + t.StreamList() + ")"
	table := t.Schema.Table
	err := v.tell(ctx, c, fmt.Sprintf(`SELECT 'state row doubled', concat(%s, ' ', account, '/', key), concat(n, ' times')
		FROM (SELECT account, %s AS key, count(*) AS n FROM %s GROUP BY ALL HAVING n > 1) ORDER BY ALL`, sqltext.Literal(table), t.KeyText(), name))
	if err != nil {
		return err
	}
	steps := []string{
		"CREATE OR REPLACE TEMP TABLE due AS SELECT account, id, seq FROM temp.newest WHERE " + feeding,
		fmt.Sprintf(`CREATE OR REPLACE TEMP TABLE strange AS SELECT account, _source_id AS id, %s AS key, _seq AS seq FROM %s r
			WHERE NOT EXISTS (FROM temp.due o WHERE o.account = r.account AND o.id = r._source_id AND o.seq = r._seq)`, t.KeyText(), name),
	}
	if err := v.db.Run(ctx, steps...); err != nil {
		return err
	}
	err = v.tell(ctx, c, fmt.Sprintf(`
		SELECT 'state row of another version', concat(%[1]s, ' ', s.account, '/', s.key), concat('seq ', s.seq, ', and the newest is ', o.seq)
		FROM temp.strange s JOIN temp.due o USING (account, id)
		UNION ALL
		SELECT 'state row moved to another account', concat(%[1]s, ' ', o.account, '/', s.key), concat('it is in ', s.account)
		FROM temp.strange s JOIN temp.due o USING (id, seq) WHERE o.account <> s.account AND NOT EXISTS (FROM temp.due x WHERE x.account = s.account AND x.id = s.id)
		UNION ALL
		SELECT 'state row added', concat(%[1]s, ' ', s.account, '/', s.key), 'the log holds no such object'
		FROM temp.strange s WHERE NOT EXISTS (FROM temp.due x WHERE x.id = s.id AND (x.account = s.account OR x.seq = s.seq))
		ORDER BY ALL`, sqltext.Literal(table)))
	if err != nil || t.Main == "" {
		return err
	}
	return v.tell(ctx, c, fmt.Sprintf(`SELECT 'state row removed', concat(%[1]s, ' ', o.account, '/', o.id), 'the log holds it, and it has neither row nor reject'
		FROM temp.newest o WHERE o.stream = %[2]s
		AND NOT EXISTS (FROM %[3]s r WHERE r.account = o.account AND r._source_id = o.id)
		AND NOT EXISTS (FROM temp.strange s WHERE s.id = o.id AND s.seq = o.seq)
		AND NOT EXISTS (FROM work.meta.rejects x WHERE x.account = o.account AND x.stream = o.stream AND x.id = o.id AND x."table" = %[1]s)
		ORDER BY ALL`, sqltext.Literal(table), sqltext.Literal(t.Main), name))
}
