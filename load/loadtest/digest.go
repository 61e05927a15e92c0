package loadtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/rawlog"
)

// undigested columns depend on when a row was made and from which version in the log,
// not on its content.
var undigested = []string{"synced_at", "_seq", "deleted_seen_at"}

// manifest has the parts of generation.json that a digest needs.
type manifest struct {
	Files []struct{ Table, Path string }
	Rows  map[string]int64
}

// Digest hashes the content of a lake, so that tests can compare two lakes. The result
// has one hash for each published table: of its rows in any order, without synced_at,
// _seq and deleted_seen_at. Under "log" it has the hash of the set of object versions
// in the raw log. It is an error if the warehouse and the Parquet files of the linked
// generation hold different rows.
func Digest(ctx context.Context, dir string) (map[string]string, error) {
	digest := map[string]string{}
	root, err := filepath.EvalSymlinks(filepath.Join(dir, lakedir.LinkName))
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	var g manifest
	if err := atomicfile.ReadJSON(filepath.Join(root, lakedir.ManifestName), &g); err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	db, err := duck.OpenWarehouse(filepath.Join(root, lakedir.WarehouseName))
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	defer func() { _ = db.Close() }()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	defer func() { _ = conn.Close() }()
	q := duck.Session{Conn: conn}
	columns, err := columnsOf(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("digest: %w", err)
	}
	for table := range g.Rows {
		if digest[table], err = digestTable(ctx, q, root, g, table, columns[table]); err != nil {
			return nil, fmt.Errorf("digest table %s: %w", table, err)
		}
	}
	if digest["log"], err = digestLog(ctx, dir); err != nil {
		return nil, fmt.Errorf("digest log: %w", err)
	}
	return digest, nil
}

// columnsOf returns the columns to digest by table, with the types that they have in
// the warehouse: the files have another type of instant.
func columnsOf(ctx context.Context, q duck.Session) (map[string][]string, error) {
	kept := map[string][]string{}
	var table, column, kind string
	return kept, q.Each(ctx, []any{&table, &column, &kind}, func() error {
		if !slices.Contains(undigested, column) {
			kept[table] = append(kept[table], fmt.Sprintf("CAST(%s AS %s)", sqltext.Ident(column), kind))
		}
		return nil
	}, "SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'warehouse' AND schema_name = 'main' ORDER BY column_index")
}

// digestTable hashes some columns of a table of the warehouse and compares its files
// with it.
func digestTable(ctx context.Context, q duck.Session, root string, g manifest, table string, kept []string) (string, error) {
	want, err := duck.DigestRows(ctx, q, sqltext.Ident(table), kept)
	if err != nil {
		return "", err
	}
	var files []string
	for _, f := range g.Files {
		if f.Table == table {
			files = append(files, filepath.Join(root, filepath.FromSlash(f.Path)))
		}
	}
	if len(files) == 0 {
		if g.Rows[table] != 0 {
			return "", errors.New("it has rows but no files")
		}
		return want, nil
	}
	got, err := duck.DigestRows(ctx, q, duck.ReadParquet(files), kept)
	if err == nil && got != want {
		err = fmt.Errorf("its Parquet files hold other rows (%s) than the warehouse (%s)", got, want)
	}
	return want, err
}

// digestLog hashes the set of object versions in the whole log.
func digestLog(ctx context.Context, dir string) (string, error) {
	accounts, err := rawlog.Accounts(dir)
	if err != nil {
		return "", err
	}
	seen := map[[16]byte]struct{}{}
	for _, account := range accounts {
		streams, err := rawlog.Streams(dir, account)
		if err != nil {
			return "", err
		}
		for _, stream := range streams {
			for batch, err := range rawlog.Read(ctx, dir, account, stream, 0) {
				if err != nil {
					return "", err
				}
				for i := range batch.Objects {
					seen[batch.Objects[i].Digest(account, stream)] = struct{}{}
				}
			}
		}
	}
	var all [][16]byte
	for d := range seen {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b [16]byte) int { return slices.Compare(a[:], b[:]) })
	h := sha256.New()
	for _, d := range all {
		h.Write(d[:])
	}
	return fmt.Sprintf("%d objects %s", len(all), hex.EncodeToString(h.Sum(nil))), nil
}
