package rawlog

import "fmt"

// Inspect opens each segment of a stream in a lake's log. It returns the number of
// segments and the damage that it found. It does not read their rows.
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
