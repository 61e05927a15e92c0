package load

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/trace"
	"github.com/stripelake/stripelake/load/rawlog"
	"github.com/stripelake/stripelake/schemas"
)

// Batch is some objects of a stream with all that they were mapped to.
type Batch struct {
	Objects []ObjectVersion
	Tables  []TableRows
	Drift   []Drift

	Unfollowed map[string]int64 // events that concern no resource, by the kind of object that they hold

	UpTo uint64 // the segment that ends with this batch; 0 if the segment continues
}

// ObjectVersion is one version of one object, without its JSON.
type ObjectVersion struct {
	ID         string
	Seq        uint64
	Segment    uint64
	Hash       uint64 // Raw.Hash
	Created    time.Time
	ObservedAt time.Time
	Deleted    bool
	Due        time.Time // when the object changes without an event and must be read again; zero if it does not
	Incomplete []string  // nested lists of which some pages could not be read
	Names      []Named   // objects that it mentions and that a list may never contain
	Disputed   Disputed  // the dispute that it names, with its charge; zero if none

	OtherVersion string // API version that it came in; empty for the configured one
}

// Disputed is a dispute with its charge, as ids.
type Disputed struct{ Dispute, Charge string }

// Named is an object that another one mentions.
type Named struct{ Stream, ID string }

// TableRows has the rows of one table that a batch was mapped to. Rows has exactly the
// columns of Schema.Columns(), in order; nil means no rows.
type TableRows struct {
	Schema  *schemas.Schema
	Rows    arrow.RecordBatch
	Rejects []Reject
}

// Reject is a row that could not be made, with the reason.
type Reject struct {
	ID      string
	Seq     uint64
	Segment uint64
	Table   string
	Field   string
	Rule    string
	Reason  string
	Mapping string

	ObservedAt time.Time
	Object     []byte // as sent; nil where tables must not hold personal data
	Example    string // the value found instead, as far as it may be shown; "" for none
}

// Applied counts the changes of one Apply.
type Applied struct {
	Objects int64 // newest versions merged; older and known ones do not count
	Rows    int64
	Rejects int64
	Deleted int64 // objects marked as deleted
	Drift   int64 // kinds of drift seen for the first time
}

// VersionOf returns the version of a raw object in a segment, as Apply needs it.
// incomplete names its incomplete nested lists.
func VersionOf(r *Raw, segment uint64, incomplete ...string) ObjectVersion {
	return ObjectVersion{
		ID: r.ID, Seq: r.Seq, Segment: segment, Hash: r.Hash(),
		Created: r.Created, ObservedAt: r.ObservedAt, Deleted: r.Deleted, Incomplete: incomplete,
	}
}

// Apply merges complete segments of one stream, up to upTo or as far as the batches go,
// in one transaction that also moves the stream's position (Invariant 4). After an
// error or a crash all of it is in the state, or nothing.
//
// Apply merges by source object. The newest version of an object replaces all rows and
// rejects that older ones made, in every table. Apply skips versions older than the
// known one (Invariant 6) and the known one itself, so applying a segment again changes
// nothing (Invariant 5). A tombstone keeps the object's last rows and marks them
// deleted.
//
// It is an error if rows belong to none of the batches' objects, or get lost on the way
// (Invariant 3).
//
// Apply keeps the rows of all batches until it returns, by a reference of its own. The
// caller must limit their size.
func (s *State) Apply(ctx context.Context, upTo Position, batches iter.Seq2[Batch, error]) (Applied, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := &merge{State: s, key: rawlog.StreamKey{Account: upTo.Account, Stream: upTo.Stream}, upTo: upTo.Segment, staged: map[*TableLayout][]arrow.RecordBatch{}}
	defer m.release()
	err := s.trim(ctx, s.db.Session)
	if err == nil {
		err = s.db.InTx(ctx, func() error { return m.apply(ctx, batches) })
	}
	if err != nil {
		return Applied{}, fmt.Errorf("apply %s/%s up to segment %d: %w", upTo.Account, upTo.Stream, upTo.Segment, err)
	}
	s.positions[m.key] = max(s.positions[m.key], m.upTo)
	trace.Hit(s.lake.opts.Trace.AfterCommit)
	return m.applied, s.refresh(ctx, m.applied.Objects)
}

// apply performs the steps of the transaction.
func (m *merge) apply(ctx context.Context, batches iter.Seq2[Batch, error]) error {
	if err := m.stage(ctx, batches); err != nil {
		return err
	}
	if err := m.merge(ctx); err != nil {
		return err
	}
	if err := m.mergeDrift(ctx, m.upTo); err != nil {
		return err
	}
	if err := m.mergeUnfollowed(ctx, m.upTo); err != nil {
		return err
	}
	if err := m.move(ctx, m.upTo); err != nil {
		return err
	}
	trace.Hit(m.lake.opts.Trace.BeforeCommit)
	return nil
}

// move advances the position by compare-and-swap. If the stored position is not the one
// that this process left, another process wrote: that is an error, and the transaction
// is rolled back. The position never moves back: segments applied again are behind it (Invariant 4).
func (m *merge) move(ctx context.Context, segment uint64) error {
	old := m.positions[m.key]
	if segment <= old {
		return nil
	}
	var moved int64
	var err error
	if old == 0 {
		moved, err = m.db.Exec(ctx, `INSERT INTO meta.positions SELECT ?, ?, ?
			WHERE NOT EXISTS (FROM meta.positions WHERE account = ? AND stream = ?)`,
			m.key.Account, m.key.Stream, int64(segment), m.key.Account, m.key.Stream)
	} else {
		moved, err = m.db.Exec(ctx, `UPDATE meta.positions SET segment = ? WHERE account = ? AND stream = ? AND segment = ?`,
			int64(segment), m.key.Account, m.key.Stream, int64(old))
	}
	if err == nil && moved != 1 {
		err = hint.New("the position was moved by another process", "run again")
	}
	return err
}
