package verify

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/rawlog"
)

// checkOrder checks that sequence numbers rise without a gap from one segment of a
// stream to the next. holes reports that some segments are missing or unreadable, which
// explains gaps (Invariant 2).
func (v *Verification) checkOrder(c *Checked, ends []rawlog.Segment, holes bool) {
	all := len(ends)
	ends = v.withoutDuplicates(c, ends)
	holes = holes || len(ends) < all
	sorted := slices.Clone(ends)
	slices.SortStableFunc(sorted, func(a, b rawlog.Segment) int { return cmp.Compare(a.FirstSeq, b.FirstSeq) })
	for i, end := range ends {
		if sorted[i].Path == end.Path {
			continue
		}
		j := slices.IndexFunc(sorted, func(s rawlog.Segment) bool { return s.Path == end.Path })
		switch {
		case sorted[j].Path == ends[i].Path && sorted[i].Path == ends[j].Path && j > i:
			c.Add(Finding{
				"segments swapped", lakedir.Relative(v.lake.Dir(), end.Path), "it holds what belongs into " + ends[j].Name() + ", and that one what belongs here",
				"swap the names of the two files; or " + load.FixLog,
			})
		case sorted[j].Path == ends[i].Path && sorted[i].Path == ends[j].Path:
			continue // reported with the first of the two
		default:
			c.Add(Finding{"segment under another number", lakedir.Relative(v.lake.Dir(), end.Path), "it holds what belongs into " + ends[j].Name(), load.FixLog})
		}
	}
	if holes {
		return
	}
	last := uint64(0)
	for _, end := range sorted {
		if end.FirstSeq != last+1 {
			c.Add(Finding{"sequence broken", lakedir.Relative(v.lake.Dir(), end.Path), fmt.Sprintf("it begins with seq %d, and what is before it ends with %d", end.FirstSeq, last), load.FixLog})
		}
		last = end.LastSeq
	}
}

// withoutDuplicates reports segments that the log has under two numbers, and returns
// each segment once.
func (v *Verification) withoutDuplicates(c *Checked, ends []rawlog.Segment) (once []rawlog.Segment) {
	type content struct{ first, last, sum uint64 }
	seen := map[content]rawlog.Segment{}
	for i, end := range ends {
		key := content{end.FirstSeq, end.LastSeq, end.Sum}
		earlier, twice := seen[key]
		if !twice {
			seen[key] = end
			once = append(once, end)
			continue
		}
		fix := load.FixLog
		if i == len(ends)-1 {
			fix = "move it out of the log; if another segment belongs there, " + load.FixLog
		}
		c.Add(Finding{"segment duplicated", lakedir.Relative(v.lake.Dir(), end.Path), "it holds what " + earlier.Name() + " holds", fix})
	}
	return once
}

// checkCursorFile reports a cursor.json that follows a missing segment (Invariant 1).
func (v *Verification) checkCursorFile(c *Checked, key rawlog.StreamKey, ends []rawlog.Segment) error {
	path := filepath.Join(v.lake.Dir(), lakedir.RawDir, key.Account, key.Stream, "cursor.json")
	newest := uint64(0)
	if len(ends) > 0 {
		newest = ends[len(ends)-1].Last
	}
	for _, end := range ends {
		v.cursors[key] = append(v.cursors[key], end.Cursor)
	}
	var file rawlog.CursorFile
	switch err := atomicfile.ReadJSON(path, &file); {
	case oserr.IsShortage(err):
		return err
	case err != nil:
		if !errors.Is(err, fs.ErrNotExist) {
			c.Add(Finding{"cursor damaged", lakedir.Relative(v.lake.Dir(), path), oserr.FirstLine(err), "run stripelake verify --stripe --repair, which goes on from the newest segment's"})
		}
		return nil
	case file.AfterSegment > newest:
		c.Add(Finding{"segment missing", fmt.Sprintf("%s/%s: %s", key.Account, key.Stream, rawlog.RangeText(newest+1, file.AfterSegment)), "cursor.json follows it", load.FixLog})
		return nil
	case file.AfterSegment < newest:
		return nil
	}
	v.cursors[key] = append(v.cursors[key], file.Cursor)
	return nil
}
