package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// warehouse copies the checkpointed state into the generation and makes it what
// analysts see: without the private tables, with the marts. The copy is opened
// by an instance of its own, so that its views name no other database.
func (p *publisher) warehouse(ctx context.Context) (err error) {
	final := filepath.Join(p.dir, warehouseName)
	tmp := final + tmpSuffix
	if err := copyFile(p.lake.databasePath(), tmp); err != nil {
		return err
	}
	hit(p.lake.opts.Trace.WarehouseCopied)
	db, err := openDuckDB("64MB", 1, p.lake.path(stateDir, "tmp"))
	if err != nil {
		return err
	}
	defer func() {
		if db != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	w := querier{conn}
	err = w.run(ctx, attach(tmp, "warehouse", "")...)
	if err == nil {
		err = p.furnish(ctx, w)
	}
	// DETACH checkpoints what is left; the file must be whole without its log.
	if err == nil {
		err = w.run(ctx, "CHECKPOINT warehouse", "USE memory", "DETACH warehouse")
	}
	if err := errors.Join(err, conn.Close()); err != nil {
		return err
	}
	err, db = db.Close(), nil
	if err != nil {
		return err
	}
	if _, err := os.Stat(tmp + ".wal"); err == nil {
		return fmt.Errorf("%s has a write-ahead log left", tmp)
	}
	info, err := os.Stat(tmp)
	if err != nil {
		return err
	}
	p.Warehouse = info.Size()
	if err := syncPath(tmp); err != nil {
		return err
	}
	return renameFile(tmp, final, moments{})
}

// furnish drops what is private and adds the marts and the list of files.
func (p *publisher) furnish(ctx context.Context, w querier) error {
	if err := w.run(ctx, "DROP SCHEMA state CASCADE"); err != nil {
		return err
	}
	for _, v := range p.lake.opts.Views {
		if err := w.run(ctx, fmt.Sprintf("CREATE VIEW %s AS %s", ident(v.Name), v.SQL)); err != nil {
			return fmt.Errorf("mart %s: %w", v.Name, err)
		}
	}
	return w.inTx(ctx, func() error {
		for _, f := range p.Files {
			_, err := w.exec(ctx, "INSERT INTO meta.partitions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
				f.Table, f.Account, f.Partition, f.Part, f.Parts, f.Rows, f.Bytes, f.Path, f.First, f.Last)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// copyFile copies from to to, sharing blocks where the file system can.
func copyFile(from, to string) (err error) {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }() // only read from
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if cloneFile(dst, src) {
		return nil
	}
	_, err = io.Copy(dst, src)
	return err
}
