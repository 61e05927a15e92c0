package rawlog

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/parquet-go/parquet-go"

	"github.com/stripelake/stripelake/load/internal/oserr"
	"github.com/stripelake/stripelake/load/internal/parquetfile"
)

// Segment is an intact segment file with its footer.
type Segment struct {
	SegmentFile
	Footer
}

// Name returns the name of the segment's file, without its folder.
func (s Segment) Name() string { return filepath.Base(s.Path) }

// RangeText describes a range of segments for people, such as "segments 3 to 5". Both
// ends are included.
func RangeText(first, last uint64) string {
	if first == last {
		return fmt.Sprintf("segment %d", first)
	}
	return fmt.Sprintf("segments %d to %d", first, last)
}

// CheckFooter opens a segment and reads its footer only. It returns what CheckSegment
// does.
func CheckFooter(s SegmentFile, account, stream string) (end Segment, name string, err error) {
	f, _, foot, name, err := openToCheck(s, account, stream)
	if name != "whole" {
		return end, name, err
	}
	return Segment{s, foot}, name, f.Close()
}

// openToCheck opens a segment, or returns the name of the finding.
func openToCheck(s SegmentFile, account, stream string) (f *os.File, file *parquet.File, foot Footer, name string, err error) {
	if cut, err := parquetfile.LacksEnd(s.Path); oserr.IsShortage(err) {
		return nil, nil, foot, "", err
	} else if err != nil || cut {
		return nil, nil, foot, "segment truncated", cmp.Or(err, fmt.Errorf("its %d bytes do not end as a Parquet file does", s.Bytes))
	}
	f, file, foot, err = openSegment(s.Path, account, stream)
	switch {
	case oserr.IsShortage(err):
		name = ""
	case errors.Is(err, ErrNewerFormat):
		name = "segment of a newer version"
	case err != nil && errors.As(err, new(*foreignSegmentError)):
		name = "segment of another stream"
	case err != nil:
		name = "segment bit-flipped"
	default:
		name = "whole"
	}
	return f, file, foot, name, err
}

// CheckSegment reads a segment to its end and calls keep with its objects. It returns
// the name of the finding, such as "segment truncated", or "whole" for an intact
// segment. An error with an empty name does not concern the segment: it comes from keep
// or from a shortage.
func CheckSegment(s SegmentFile, account, stream string, keep func([]Raw) error) (end Segment, name string, err error) {
	f, file, foot, name, err := openToCheck(s, account, stream)
	if name != "whole" {
		return end, name, err
	}
	defer func() { _ = f.Close() }() // opened for reading only
	r, first := segmentReader{}, uint64(0)
	for _, group := range file.RowGroups() {
		r.enter(group)
		for {
			// Each page has its own checksum: rows that can be read are as they were
			// written.
			objects, err := r.batch()
			if err != nil {
				return end, "segment bit-flipped", err
			}
			if len(objects) == 0 {
				break
			}
			if first == 0 {
				first = objects[0].Seq
			}
			if err := keep(objects); err != nil {
				return end, "", err
			}
		}
		if err := r.group.Close(); err != nil {
			return end, "segment bit-flipped", err
		}
	}
	end = Segment{s, foot}
	switch {
	case r.rows != foot.Rows() || r.rows > 0 && (first < foot.FirstSeq || r.next > foot.LastSeq+1):
		return end, "footer edited", fmt.Errorf("it holds %d rows from seq %d up to %d, and its footer says %d from %d up to %d", r.rows, first, r.next-1, foot.Rows(), foot.FirstSeq, foot.LastSeq)
	case r.sum.Sum64() != foot.Sum:
		return end, "footer edited", errors.New("its rows read well, and have another checksum than its footer says")
	}
	return end, "whole", nil
}
