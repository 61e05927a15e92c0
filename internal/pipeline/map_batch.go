package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/transform"
)

// mapBatch maps one batch of log entries to the rows and rejects of each table
// that the resource feeds.
func (m *materializer) mapBatch(s stream, raws load.SegmentBatch) (load.Batch, error) {
	objects, disputes := make([]transform.Object, len(raws.Objects)), disputesOf(m.lake.Resources())
	batch := load.Batch{Objects: make([]load.ObjectVersion, len(raws.Objects))}
	for i, raw := range raws.Objects {
		objects[i] = mappingInput(s.account, raw)
		batch.Objects[i] = versionOf(s.resource, disputes, raws.Segment, raw, objects[i].Raw)
	}
	if raws.End {
		batch.UpTo = raws.Segment
	}
	if s.resource.Name == extract.Events().Name {
		batch.Unfollowed = unfollowedIn(raws.Objects, Resources(m.lake.Resources()))
	}
	mapper := m.mapper(s.resource.Object)
	if mapper == nil {
		return batch, nil // events are hints and become no rows
	}
	for _, mapped := range mapper.Map(objects) {
		rows := load.TableRows{Schema: mapped.Schema, Rows: mapped.Rows, Rejects: make([]load.Reject, len(mapped.Rejects))}
		for i, r := range mapped.Rejects {
			rows.Rejects[i] = m.rejectOf(r, raws)
		}
		batch.Tables = append(batch.Tables, rows)
		if err := checkConserved(mapped); err != nil {
			return batch, err
		}
	}
	batch.Drift = notUTF8(s.resource.Object, raws.Objects)
	for _, d := range mapper.Drift() {
		batch.Drift = append(batch.Drift, load.Drift{
			Path: d.Path, Found: d.Found, Objects: d.Count, FirstID: d.FirstID, FirstSeen: d.FirstSeen, LastSeen: d.LastSeen,
			Example: extract.Redact(d.Example), // Invariant 11
		})
	}
	return batch, nil
}

// notUTF8 counts objects with bytes that are not UTF-8 anywhere in them. The
// mapping finds such bytes only in fields that a column takes.
func notUTF8(object string, raws []load.Raw) []load.Drift {
	d := load.Drift{Path: object, Found: "bytes that are not UTF-8"}
	for _, o := range raws {
		if utf8.Valid(o.Object) && utf8.Valid(o.More) {
			continue
		}
		if d.Objects++; d.Objects == 1 {
			d.FirstID, d.FirstSeen, d.LastSeen = o.ID, o.ObservedAt, o.ObservedAt
		}
		if o.ObservedAt.After(d.LastSeen) {
			d.LastSeen = o.ObservedAt
		}
	}
	if d.Objects == 0 {
		return nil
	}
	return []load.Drift{d}
}

// versionOf returns the state's entry for a version of an object. whole is the
// object's JSON with its nested lists complete.
func versionOf(resource extract.Resource, disputes []disputePaths, segment uint64, raw load.Raw, whole []byte) load.ObjectVersion {
	if resource.Name == extract.Events().Name {
		v := load.VersionOf(&raw, segment) // a hint: nested lists of the object in it do not count
		v.Disputed = disputeIn(disputes, resource.Name, whole)
		return v
	}
	v := load.VersionOf(&raw, segment, extract.IncompleteLists(whole)...)
	v.Disputed = disputeIn(disputes, resource.Name, whole)
	if raw.APIVersion != extract.APIVersion {
		v.OtherVersion = raw.APIVersion // "" for a tombstone that was made from a 404
	}
	if v.Due = resource.NextChange(whole); len(v.Incomplete) > 0 {
		v.Due = raw.ObservedAt.Add(time.Second) // the next sync tries again
	}
	for _, mention := range resource.UnlistedReferences(whole) {
		v.Names = append(v.Names, load.Named(mention))
	}
	return v
}

// rejectOf returns a refusal as the lake keeps it. It includes the object,
// unless the policy keeps personal data out of tables.
func (m *materializer) rejectOf(r transform.Reject, raws load.SegmentBatch) load.Reject {
	out := load.Reject{
		ID: r.ID, Seq: r.Seq, Segment: raws.Segment,
		Table: r.Table, Field: r.Field, Rule: r.Rule, Reason: r.Reason, Mapping: r.Mapping,
		Example: extract.Redact(r.Example), // Invariant 11
	}
	i, found := slices.BinarySearchFunc(raws.Objects, r.Seq, func(o load.Raw, seq uint64) int { return cmp.Compare(o.Seq, seq) })
	if found {
		out.ObservedAt = raws.Objects[i].ObservedAt
		if m.mappings.KeepsPersonalData() {
			out.Object = raws.Objects[i].Object
		}
	}
	return out
}

// mapper returns the mapper of a type of object, made on first use. A mapper
// keeps its buffers between batches.
func (m *materializer) mapper(object string) *transform.Mapper {
	if m.mappers[object] == nil {
		m.mappers[object] = m.mappings.Mapper(object)
	}
	return m.mappers[object]
}

// checkConserved checks Invariant 3 for one table: every object that was mapped
// became a row or a reject, or the mapping's where left it out. A table made
// from a list inside the object has any number of rows for each object.
func checkConserved(b transform.Batch) error {
	got := int(b.Rows.NumRows()) + len(b.Rejects) + b.LeftOut
	if b.PerItem || got == b.Objects {
		return nil
	}
	return fmt.Errorf("map %s: %d objects became %d rows, %d rejects and %d left out: this is a bug in stripelake; nothing was applied",
		b.Schema.Table, b.Objects, b.Rows.NumRows(), len(b.Rejects), b.LeftOut)
}

func incompleteLists(b load.Batch) int {
	n := 0
	for _, o := range b.Objects {
		n += len(o.Incomplete)
	}
	return n
}

func rawBytes(b load.SegmentBatch) int {
	n := 0
	for _, o := range b.Objects {
		n += len(o.Object) + len(o.More)
	}
	return n
}

func releaseRows(b load.Batch) {
	for _, t := range b.Tables {
		t.Rows.Release()
	}
}

// mappingInput returns an object of the log in the form that the mapping reads:
// with its nested lists complete.
func mappingInput(account string, raw load.Raw) transform.Object {
	return transform.Object{
		Raw: extract.JoinNested(raw.Object, raw.More), Account: account, ID: raw.ID, Created: raw.Created,
		ObservedAt: raw.ObservedAt, Seq: raw.Seq, Deleted: raw.Deleted, LeftOut: raw.LeftOut,
	}
}
