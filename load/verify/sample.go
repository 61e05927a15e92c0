package verify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/rawlog"
)

// A verification by sampling reads some segments of each stream and some files of each
// table, other ones each time, and compares these only. What it costs does not grow
// with their number. Each check says what it read.

// pick chooses which of n things are read.
func (v *Verification) pick(n int) []bool {
	read := make([]bool, n)
	if v.Sample == 0 {
		return slices.Repeat([]bool{true}, n)
	}
	for _, i := range rand.Perm(n)[:min(n, v.Sample)] {
		read[i] = true
	}
	return read
}

// noteSampled notes which segments of a stream were read.
func (v *Verification) noteSampled(c *Checked, stream string, chain []rawlog.SegmentFile, read []bool) {
	if v.Sample == 0 || len(chain) == 0 {
		return
	}
	var names []string
	for i, s := range chain {
		if read[i] {
			names = append(names, rawlog.RangeText(s.First, s.Last))
		}
	}
	c.Note("%s: read %s; of all %d only the footers", stream, strings.Join(names, ", "), len(chain))
}

// CheckSampledObjects compares the objects of the segments that were read with the
// state's record of them (Invariant 6), and looks for their rows or rejects (Invariant
// 3). A later version may be in a segment that was not read.
func (v *Verification) CheckSampledObjects(ctx context.Context) (err error) {
	c := v.begin("", "newest versions", "objects")
	if v.noState != "" {
		v.tellNoState(c)
		return nil
	}
	if err := v.readPositions(ctx, c); err != nil {
		return err
	}
	var applied []string
	for _, key := range sortedKeys(v.damaged) {
		for _, end := range v.ends[key] {
			if !v.damaged[key] && end.Last == v.positions[key] {
				applied = append(applied, fmt.Sprintf("(%s, %s, %d)", sqltext.Literal(key.Account), sqltext.Literal(key.Stream), end.LastSeq))
			}
		}
	}
	if len(applied) == 0 {
		c.Note("nothing is applied of an intact log")
		return nil
	}
	err = v.db.Run(ctx, fmt.Sprintf(`CREATE TEMP TABLE newest AS
		SELECT account, stream, id, max(seq) AS seq, arg_max(hash, seq) AS hash, arg_max(deleted, seq) AS deleted
		FROM temp.versions v JOIN (VALUES %s) a(account, stream, upto) USING (account, stream) WHERE v.seq <= a.upto GROUP BY ALL`, strings.Join(applied, ", ")))
	if err == nil {
		err = v.db.One(ctx, []any{&c.LookedAt}, "SELECT count(*) FROM temp.newest")
	}
	if err == nil {
		err = v.db.Run(ctx, `CREATE TEMP TABLE kept AS SELECT account, stream, id, seq, hash, deleted FROM work.state.objects
			WHERE id_hash IN (SELECT hash(id) FROM temp.newest) AND id IN (SELECT id FROM temp.newest)`)
	}
	if err != nil {
		return err
	}
	err = v.tell(ctx, c, `SELECT CASE WHEN s.id IS NULL THEN 'state row removed' ELSE 'state row altered' END, concat('objects ', account, '/', stream, ' ', id), ''
		FROM temp.newest l LEFT JOIN temp.kept s USING (account, stream, id)
		WHERE s.id IS NULL OR s.seq < l.seq OR s.seq = l.seq AND (s.hash IS DISTINCT FROM l.hash OR s.deleted IS DISTINCT FROM l.deleted) ORDER BY ALL`)
	for _, t := range v.tables {
		if err == nil && t.Main != "" {
			err = v.findSampled(ctx, c, t)
		}
	}
	return err
}

// findSampled looks for the row or the reject of each object in its stream's main table.
func (v *Verification) findSampled(ctx context.Context, c *Checked, t *load.TableLayout) error {
	return v.tell(ctx, c, fmt.Sprintf(`SELECT 'state row removed', concat(%[1]s, ' ', o.account, '/', o.id), 'the log holds it, and it has neither row nor reject'
		FROM (FROM temp.newest SEMI JOIN temp.kept USING (account, stream, id, seq)) o WHERE o.stream = %[2]s
		AND NOT EXISTS (FROM work.main.%[3]s r WHERE r.account = o.account AND r._source_id = o.id AND r._seq = o.seq)
		AND NOT EXISTS (FROM work.meta.rejects x WHERE x.account = o.account AND x.stream = o.stream AND x.id = o.id AND x."table" = %[1]s)
		ORDER BY ALL`, sqltext.Literal(t.Schema.Table), sqltext.Literal(t.Main), sqltext.Ident(t.Schema.Table)))
}

// CheckSampledRows reads some files of each table, and compares their rows with those of
// the warehouse and, if it is of the same revision, of the state.
func (v *Verification) CheckSampledRows(ctx context.Context) error {
	c := v.begin("", "rows", "rows")
	upToDate, err := v.upToDate(ctx)
	if err != nil {
		return err
	}
	for _, t := range v.tables {
		files := v.filesOf(t)
		read := v.pick(len(files))
		var names []string
		for i, f := range files {
			if !read[i] {
				continue
			}
			names = append(names, strings.TrimPrefix(f.Path, f.Table+"/"))
			c.LookedAt += f.Rows
			if err := v.compareFile(ctx, c, t, f, upToDate); err != nil {
				return fmt.Errorf("%s: %w", f.Path, err)
			}
		}
		if len(files) > 0 {
			c.Note("%s: read %s, of %d in all", t.Schema.Table, strings.Join(names, ", "), len(files))
		}
	}
	c.Note("a sample: rejects, histories, the ledger and the sums of the marts were not looked at")
	return nil
}

// compareFile checks a file's checksum, and compares its rows with those of the same
// part in the warehouse and the state.
func (v *Verification) compareFile(ctx context.Context, c *Checked, t *load.TableLayout, f load.File, upToDate bool) error {
	found := v.lake.Generations().DefectsOf(v.current, []load.File{f})
	if err := found.Unknown(); err != nil {
		return err
	}
	for _, d := range found {
		v.add(c, v.findingOf(d))
	}
	same, err := v.sameColumns(ctx, t)
	if err != nil || len(found) > 0 || !same {
		return err
	}
	rows, err := t.Period.Condition(f.Partition, f.Part)
	if err != nil {
		return err
	}
	want, err := duck.DigestRows(ctx, v.db.Session, duck.FileRows(t.Schema, v.pathOf(f)), columnsOf(t.Schema))
	if err != nil {
		return err
	}
	places := []place{inWarehouse}
	if upToDate {
		places = append(places, inState)
	}
	for _, at := range places {
		from := v.from(t, at)
		if from == "" {
			continue
		}
		got, err := duck.DigestRows(ctx, v.db.Session, fmt.Sprintf("(FROM %s WHERE account = %s AND %s)", from, sqltext.Literal(f.Account), rows), columnsOf(t.Schema))
		if err != nil {
			return err
		}
		if got != want {
			v.add(c, Finding{"rows differ", f.Path, fmt.Sprintf("they are not those of the %s; a verification of everything says which", at), FixState})
		}
	}
	return nil
}
