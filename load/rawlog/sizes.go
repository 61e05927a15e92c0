package rawlog

import "fmt"

// Size is the size of a stream in the raw log.
type Size struct {
	Account  string `json:"account"`
	Stream   string `json:"stream"`
	Newest   uint64 `json:"newest"` // number of the newest segment
	Segments int    `json:"segments"`
	Bytes    int64  `json:"bytes"`  // on disk
	Cursor   string `json:"cursor"` // where extraction continues
}

// Sizes measures the raw log in a lake's folder, by account and stream.
func Sizes(dir string) ([]Size, error) {
	accounts, err := Accounts(dir)
	if err != nil {
		return nil, fmt.Errorf("measure log: %w", err)
	}
	var sizes []Size
	for _, account := range accounts {
		streams, err := Streams(dir, account)
		if err != nil {
			return nil, fmt.Errorf("measure log: %w", err)
		}
		for _, stream := range streams {
			segments, err := ListSegments(Options{Lake: dir}.path(account, stream))
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			log := Log{opts: Options{Lake: dir}, account: account, streams: map[string]*streamLog{}}
			cursor, err := log.Cursor(stream) // needs no lock: files are replaced by renames
			if err != nil {
				return nil, fmt.Errorf("measure log: %w", err)
			}
			size := Size{Account: account, Stream: stream, Segments: len(segments), Cursor: cursor}
			for _, s := range segments {
				size.Bytes += s.Bytes
				size.Newest = s.Last
			}
			sizes = append(sizes, size)
		}
	}
	return sizes, nil
}

// JSONBytes returns the size of a segment's JSON in bytes, uncompressed, according to
// its footer. It returns 0 for a segment that cannot be opened.
func JSONBytes(path string, of Position) (bytes int64) {
	f, file, _, err := openSegment(path, of.Account, of.Stream)
	if err != nil {
		return 0
	}
	defer func() { _ = f.Close() }() // opened for reading only
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			if name := column.MetaData.PathInSchema[0]; name == "object" || name == "more" {
				bytes += column.MetaData.TotalUncompressedSize
			}
		}
	}
	return bytes
}
