package duck

import (
	"database/sql"
	"fmt"
	"sync"

	"github.com/duckdb/duckdb-go/v2"
)

// FeedName is the name of the table function through which rows enter DuckDB. The
// driver's Arrow interface needs a build tag; its chunk interface needs none.
const FeedName = "stripelake_feed"

// Feed passes Go data to the table function: SELECT … FROM stripelake_feed(id).
type Feed struct {
	mu      sync.Mutex
	sources map[int64]*Source
	next    int64
}

// Source is data that DuckDB reads through the feed, chunk by chunk.
type Source struct {
	columns []duckdb.ColumnInfo
	pieces  []piece // read one after the other; no chunk holds rows of two
}

type piece struct {
	rows int
	fill func(chunk duckdb.DataChunk, from, n int) error // copies rows [from, from+n) into chunk rows [0, n)
}

// Rows returns the number of rows of a source.
func (s *Source) Rows() (n int) {
	for _, p := range s.pieces {
		n += p.rows
	}
	return n
}

// Register registers the table function with a connection's database.
func (f *Feed) Register(conn *sql.Conn) error {
	bigint, err := duckdb.NewTypeInfo(duckdb.TYPE_BIGINT)
	if err != nil {
		return err
	}
	return duckdb.RegisterTableUDF(conn, FeedName, duckdb.ChunkTableFunction{
		Config: duckdb.TableFunctionConfig{Arguments: []duckdb.TypeInfo{bigint}},
		BindArguments: func(_ map[string]any, args ...any) (duckdb.ChunkTableSource, error) {
			id, _ := args[0].(int64)
			f.mu.Lock()
			defer f.mu.Unlock()
			src, ok := f.sources[id]
			if !ok {
				return nil, fmt.Errorf("no feed %d", id)
			}
			return &sourceReader{Source: src}, nil
		},
	})
}

// Offer makes a source readable as stripelake_feed(id) until the caller calls done.
func (f *Feed) Offer(src *Source) (id int64, done func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.sources == nil {
		f.sources = map[int64]*Source{}
	}
	f.next++
	id = f.next
	f.sources[id] = src
	return id, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.sources, id)
	}
}

// OfferIDs makes ids readable as the column c0 of table until the caller calls done.
func (f *Feed) OfferIDs(ids []string) (table string, done func(), err error) {
	src, err := RowSource(len(ids), func(i int) []any { return []any{ids[i]} }, KindText)
	if err != nil {
		return "", nil, err
	}
	id, done := f.Offer(src)
	return fmt.Sprintf("%s(%d)", FeedName, id), done, nil
}

// sourceReader is one pass over a source. It implements the driver's ChunkTableSource.
type sourceReader struct {
	*Source
	piece, read int // index of the current piece, and rows of it that were read
}

func (r *sourceReader) ColumnInfos() []duckdb.ColumnInfo { return r.columns }

func (r *sourceReader) Cardinality() *duckdb.CardinalityInfo {
	return &duckdb.CardinalityInfo{Cardinality: uint(r.Rows()), Exact: true}
}

func (r *sourceReader) Init() {}

// FillChunk fills the next chunk; an empty chunk ends the data. It turns a panic into
// an error, because a panic would cross C code. A panic is only possible for a batch
// whose arrays do not have the types that its schema declares.
func (r *sourceReader) FillChunk(chunk duckdb.DataChunk) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("read batch: %v", p)
		}
	}()
	for r.piece < len(r.pieces) && r.read == r.pieces[r.piece].rows {
		r.piece, r.read = r.piece+1, 0
	}
	if r.piece == len(r.pieces) {
		return chunk.SetSize(0)
	}
	p := r.pieces[r.piece]
	n := min(p.rows-r.read, duckdb.GetDataChunkCapacity())
	if err := p.fill(chunk, r.read, n); err != nil {
		return err
	}
	r.read += n
	return chunk.SetSize(n)
}
