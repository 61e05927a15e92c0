package verify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/rawlog"
)

// CheckPositions compares the state's positions with the objects that it holds: the
// segment applied last must hold their highest sequence number. It also finds for each
// stream the seq up to which later checks compare (Invariant 4).
func (v *Verification) CheckPositions(ctx context.Context) error {
	c := v.begin("", "position", "streams")
	if v.noState != "" {
		v.tellNoState(c)
		return nil
	}
	if err := v.readPositions(ctx, c); err != nil {
		return err
	}
	highest, err := v.highestSeqs(ctx, "work.state.objects")
	if err != nil {
		return err
	}
	known, err := v.highestSeqs(ctx, "work.state.objects SEMI JOIN temp.versions USING (account, stream, id, seq)")
	if err != nil {
		return err
	}
	keys := map[rawlog.StreamKey]bool{}
	for key := range v.ends {
		keys[key] = true
	}
	for key := range v.positions {
		keys[key] = true
	}
	for _, key := range sortedKeys(keys) {
		c.LookedAt++
		if err := v.checkPosition(ctx, c, key, highest[key], known[key]); err != nil {
			return err
		}
	}
	return nil
}

// tellNoState reports why the state cannot be compared. A lake without objects needs no
// state. The next sync replaces a state of another version.
func (v *Verification) tellNoState(c *Checked) {
	switch {
	case strings.HasPrefix(v.noState, "damaged"):
		c.Add(Finding{"state damaged", ".state/work.duckdb", v.noState, FixState})
	case v.noState == load.NotOwn:
		c.Add(Finding{"state of another lake", ".state/work.duckdb", v.noState, "run stripelake sync, which sets it aside and derives the tables again from the raw log"})
	case v.noState == "there is none" && len(v.ends) > 0:
		c.Add(Finding{"state missing", ".state/work.duckdb", "", FixState})
	default:
		c.Note("no state to compare with: %s", v.noState)
	}
}

func (v *Verification) readPositions(ctx context.Context, c *Checked) error {
	var key rawlog.StreamKey
	var segment uint64
	return v.db.Each(ctx, []any{&key.Account, &key.Stream, &segment}, func() error {
		if _, twice := v.positions[key]; twice {
			c.Add(Finding{"position doubled", key.Account + "/" + key.Stream, "", FixState})
		}
		v.positions[key] = segment
		return nil
	}, "SELECT account, stream, segment FROM work.meta.positions ORDER BY ALL")
}

func (v *Verification) highestSeqs(ctx context.Context, table string) (map[rawlog.StreamKey]int64, error) {
	highest := map[rawlog.StreamKey]int64{}
	var key rawlog.StreamKey
	var seq int64
	return highest, v.db.Each(ctx, []any{&key.Account, &key.Stream, &seq}, func() error {
		highest[key] = seq
		return nil
	}, "SELECT account, stream, max(seq) FROM "+table+" GROUP BY ALL")
}

// checkPosition checks one stream. highest is the highest seq of its objects in the
// state; has is the highest seq of those that the log holds, too.
func (v *Verification) checkPosition(ctx context.Context, c *Checked, key rawlog.StreamKey, highest, has int64) error {
	position, what := v.positions[key], key.Account+"/"+key.Stream
	newest, logged := uint64(0), uint64(0)
	if n := len(v.ends[key]); n > 0 {
		newest, logged = v.ends[key][n-1].Last, v.ends[key][n-1].LastSeq
	}
	switch {
	case v.damaged[key]:
		c.Note("%s: not compared with a log that is damaged", what)
		return nil
	case position > newest && uint64(highest) > logged:
		v.damaged[key] = true
		c.Add(Finding{"segment missing", fmt.Sprintf("%s: %s", what, rawlog.RangeText(newest+1, position)), "the state holds objects of it", load.FixLog})
		return nil
	case position > newest:
		v.damaged[key] = true
		c.Add(Finding{"position moved forward", what, fmt.Sprintf("it is at segment %d, and the log ends with %d", position, newest), FixState})
		return nil
	}
	upTo, whole, err := v.seqAt(ctx, key, position)
	if err != nil || !whole {
		return err
	}
	if has > upTo {
		v.damaged[key] = true
		c.Add(Finding{"position moved back", what, fmt.Sprintf("it is at segment %d, and the state holds objects of later ones", position), FixState})
		return nil
	}
	if at, err := v.appliedUpTo(ctx, key, position, has); err != nil || at < position {
		if err == nil {
			v.damaged[key] = true
			c.Add(Finding{"position moved forward", what, fmt.Sprintf("it is at segment %d, and the state ends with objects of segment %d", position, at), FixState})
		}
		return err
	}
	if position < newest {
		c.Note("%s: %s of the log not applied yet; the next sync does so", what, rawlog.RangeText(position+1, newest))
	}
	v.applied[key] = upTo
	return nil
}

// seqAt returns the highest seq in the log up to a segment. whole is false for a
// position inside a segment that was compacted after it was applied.
func (v *Verification) seqAt(ctx context.Context, key rawlog.StreamKey, segment uint64) (seq int64, whole bool, err error) {
	upTo, whole := uint64(0), segment == 0
	for _, end := range v.ends[key] {
		if end.Last == segment {
			upTo, whole = end.LastSeq, true
		}
	}
	err = v.db.One(ctx, []any{&seq}, "SELECT coalesce(max(seq), 0) FROM temp.versions WHERE account = ? AND stream = ? AND seq <= ?",
		key.Account, key.Stream, int64(upTo))
	return seq, whole, err
}

// appliedUpTo returns the segment whose last object is the state's last one, if that
// segment is before the state's position and the state lacks all objects of the later
// segments. One missing object alone does not mean that the position moved.
func (v *Verification) appliedUpTo(ctx context.Context, key rawlog.StreamKey, position uint64, has int64) (uint64, error) {
	ends := v.ends[key]
	for i, end := range ends {
		if end.Last >= position {
			break
		}
		seq, _, err := v.seqAt(ctx, key, end.Last)
		if err != nil {
			return 0, err
		}
		if seq == has && ends[i+1].Rows() > 1 {
			return end.Last, nil
		}
	}
	if has == 0 && position > 0 && len(ends) > 0 && ends[0].Rows() > 1 {
		return 0, nil
	}
	return position, nil
}

func sortedKeys(keys map[rawlog.StreamKey]bool) []rawlog.StreamKey {
	return slices.SortedFunc(maps.Keys(keys), func(a, b rawlog.StreamKey) int {
		return slices.Compare([]string{a.Account, a.Stream}, []string{b.Account, b.Stream})
	})
}
