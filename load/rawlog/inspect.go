package rawlog

import "fmt"

// Inspect opens each segment of a stream in the log of a lake and returns how
// many there are and what is wrong with them.
func Inspect(lake, account, stream string) (segments int, damage []error) {
	dir := Options{Lake: lake}.path(account, stream)
	spans, err := ListSegments(dir) // Invariant 2 is checked here
	if err != nil {
		return 0, []error{err}
	}
	if err := misnumbered(dir); err != nil {
		damage = append(damage, err)
	}
	s := streamLog{dir: dir}
	for _, span := range spans {
		f, _, foot, err := openSegment(span.Path, account, stream)
		if err != nil {
			damage = append(damage, err)
			continue
		}
		if err := f.Close(); err != nil {
			damage = append(damage, err)
		}
		if foot.FirstSeq <= s.lastSeq {
			damage = append(damage, &DamagedError{span.Path, fmt.Errorf("it begins with seq %d, after %d", foot.FirstSeq, s.lastSeq)})
		}
		s.newest, s.lastSeq = span.Last, foot.LastSeq
	}
	if err := s.readCursor(); err != nil && len(damage) == 0 {
		damage = append(damage, err)
	}
	return len(spans), damage
}
