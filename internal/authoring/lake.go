package authoring

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Lake is a published lake, opened for reading.
type Lake struct {
	dir   string
	db    *sql.DB
	kinds *schemas.Resources // what the log has streams of
}

// OpenLake opens the lake in dir. It is an error if nothing is published there.
func OpenLake(dir string) (*Lake, error) {
	files, err := load.ReadSchemas(dir)
	if err != nil {
		return nil, err
	}
	kinds, err := schemas.ResourcesIn(files)
	if err != nil {
		return nil, err
	}
	db, err := load.OpenWarehouse(filepath.Join(dir, "current", "warehouse.duckdb"))
	if err != nil {
		return nil, err
	}
	return &Lake{dir: dir, db: db, kinds: kinds}, nil
}

// Close closes the lake.
func (l *Lake) Close() error { return l.db.Close() }

// segments returns the SQL relation of the raw log's rows in a stream ("*" for all).
func (l *Lake) segments(stream string) string {
	pattern := filepath.Join(l.dir, "raw", "*", stream, "*.parquet")
	return "read_parquet(" + sqltext.Literal(pattern) + ", filename = true)"
}

// holds returns an error if the raw log has no segments of a stream.
func (l *Lake) holds(stream string) error {
	found, err := filepath.Glob(filepath.Join(l.dir, "raw", "*", stream, "*.parquet"))
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there are no %s in the raw log of %s", stream, l.dir)
	}
	return err
}

// Find returns the newest version of an object in the raw log.
func (l *Lake) Find(ctx context.Context, id string) (transform.Object, error) {
	o := transform.Object{ID: id}
	var raw, file string
	var seq uint64
	err := l.db.QueryRowContext(ctx, "SELECT object, seq, observed_at, deleted, filename FROM "+l.segments("*")+
		" WHERE id = ? ORDER BY deleted, seq DESC LIMIT 1", id).Scan(&raw, &seq, &o.ObservedAt, &o.Deleted, &file)
	if errors.Is(err, sql.ErrNoRows) {
		return o, fmt.Errorf("no object %s in the raw log of %s: name a file, or an id that `sync` has read", id, l.dir)
	}
	o.Raw, o.Seq, o.Account = []byte(raw), seq, filepath.Base(filepath.Dir(filepath.Dir(file)))
	return o, withoutValue(err)
}

// withoutValue removes the quoted value from a DuckDB error. Segments of older versions
// may have an object that is not UTF-8. DuckDB refuses them and quotes the whole
// object, but an error must not contain it.
func withoutValue(err error) error {
	if err == nil {
		return nil
	}
	if says, _, quoted := strings.Cut(err.Error(), ": value \""); quoted {
		return fmt.Errorf("%s, which an older version of stripelake wrote: `stripelake compact` writes small segments anew; sync, rebuild and verify read it as it is", says)
	}
	return err
}

// Newest yields the newest versions of a stream's objects in batches: those created
// last, at most most of them, without tombstones. The order in which objects were read
// does not matter: a sync reads several spans at a time.
func (l *Lake) Newest(ctx context.Context, stream string, most int) iter.Seq2[[]transform.Object, error] {
	return func(yield func([]transform.Object, error) bool) {
		if err := l.holds(stream); err != nil {
			yield(nil, err)
			return
		}
		rows, err := l.db.QueryContext(ctx, fmt.Sprintf(`SELECT id, object, seq, observed_at, filename FROM %s
			WHERE NOT deleted AND (filename, seq) IN (SELECT (arg_max(filename, seq), max(seq)) FROM %s GROUP BY id, parse_dirpath(filename) ORDER BY max(created) DESC NULLS LAST, id LIMIT %d)`,
			l.segments(stream), l.segments(stream), most))
		if err != nil {
			yield(nil, fmt.Errorf("read %s: %w", stream, withoutValue(err)))
			return
		}
		defer func() { _ = rows.Close() }()
		var batch []transform.Object
		for rows.Next() {
			var o transform.Object
			var raw, file string
			if err := rows.Scan(&o.ID, &raw, &o.Seq, &o.ObservedAt, &file); err != nil {
				yield(nil, err)
				return
			}
			o.Raw, o.Account = []byte(raw), filepath.Base(filepath.Dir(filepath.Dir(file)))
			if batch = append(batch, o); len(batch) == 1000 {
				if !yield(batch, nil) {
					return
				}
				batch = nil
			}
		}
		if err := rows.Err(); err != nil {
			yield(nil, fmt.Errorf("read %s: %w", stream, withoutValue(err)))
		} else if len(batch) > 0 {
			yield(batch, nil)
		}
	}
}

// count returns the number of objects in a stream.
func (l *Lake) count(ctx context.Context, stream string) (n int, err error) {
	if err := l.holds(stream); err != nil {
		return 0, err
	}
	err = l.db.QueryRowContext(ctx, "SELECT count(DISTINCT id) FROM "+l.segments(stream)).Scan(&n)
	return n, err
}

// streamOf returns the stream of the raw log for objects of a type.
func (l *Lake) streamOf(object string) string {
	resource, known := l.kinds.Of(object)
	if !known || resource.List.Path == "" {
		return object + "s" // events, and objects without a stream
	}
	return resource.Name
}

// now returns the time at which an object from a file counts as observed.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
