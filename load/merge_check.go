package load

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"github.com/stripelake/stripelake/load/internal/duck"
)

// checkOwners checks that every staged row and reject belongs to a staged version
// (Invariant 3): the merge would silently lose one that does not.
func (m *merge) checkOwners(ctx context.Context) error {
	owners := make(map[uint64]*ObjectVersion, len(m.versions))
	for i := range m.versions {
		owners[m.versions[i].Seq] = &m.versions[i]
	}
	if len(owners) != len(m.versions) {
		return fmt.Errorf("%d objects share %d sequence numbers", len(m.versions), len(owners))
	}
	for _, t := range m.tables {
		total, owned := 0, 0
		for _, rows := range m.staged[t] {
			n, err := countOwned(rows, t.Layout, m.key.Account, owners)
			if err != nil {
				return fmt.Errorf("table %s: %w", t.Schema.Table, err)
			}
			total, owned = total+int(rows.NumRows()), owned+n
		}
		if owned != total {
			return fmt.Errorf("rows of %s: %d of %d belong to no object of this batch", t.Schema.Table, total-owned, total)
		}
	}
	if m.rejects == 0 {
		return nil
	}
	owned, err := m.count(ctx, "FROM new_rejects r JOIN versions v ON v.id = r.id AND v.seq = r.seq")
	if err == nil && owned != m.rejects {
		err = fmt.Errorf("rejects: %d of %d belong to no object of this batch", m.rejects-owned, m.rejects)
	}
	return err
}

// countOwned counts the rows of an account that belong to a full version.
func countOwned(rows arrow.RecordBatch, l *duck.Layout, account string, owners map[uint64]*ObjectVersion) (n int, err error) {
	columns, err := l.Arrays(rows, "account", "_source_id", "_seq")
	if err != nil {
		return 0, err
	}
	accounts, ok1 := columns[0].(*array.String)
	ids, ok2 := columns[1].(*array.String)
	seqs, ok3 := columns[2].(*array.Int64)
	if !ok1 || !ok2 || !ok3 {
		return 0, fmt.Errorf("its account, _source_id and _seq are %s, %s and %s", columns[0].DataType(), columns[1].DataType(), columns[2].DataType())
	}
	for i := range int(rows.NumRows()) {
		o := owners[uint64(seqs.Value(i))]
		if o != nil && !o.Deleted && o.ID == ids.Value(i) && accounts.Value(i) == account {
			n++
		}
	}
	return n, nil
}
