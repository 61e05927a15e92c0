package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
	"github.com/stripelake/stripelake/load/internal/trace"
)

// warehouse makes the analysts' warehouse: the checkpointed state without the private
// tables, with the marts.
func (p *publisher) warehouse(ctx context.Context) error {
	final := filepath.Join(p.dir, lakedir.WarehouseName)
	tmp := final + atomicfile.TempSuffix
	patched := false
	err := p.step("copy", func() (err error) {
		if patched, err = p.patchOrCopy(ctx, tmp); err == nil {
			trace.Hit(p.lake.opts.Trace.WarehouseCopied)
		}
		return err
	})
	if err != nil {
		return err
	}
	return p.step("warehouse", func() error {
		if !patched {
			if err := p.finish(ctx, tmp); err != nil {
				return err
			}
		}
		return p.close(tmp, final)
	})
}

// patchOrCopy makes the new file from the state in the way that writes least: with the
// state's blocks where the file system shares them, from an older warehouse, or as a
// copy.
func (p *publisher) patchOrCopy(ctx context.Context, tmp string) (patched bool, err error) {
	by := p.lake.opts.warehouseBy
	if by == "" && cloneFile(p.lake.databasePath(), tmp) {
		return false, nil
	}
	if by != byCopy {
		patched, err = p.patch(ctx, tmp)
	}
	if err == nil && !patched {
		p.Stats.Warehouse, err = copyFile(p.lake.databasePath(), tmp)
	}
	return patched, err
}

// finish turns the copied state into the warehouse, in a separate instance.
func (p *publisher) finish(ctx context.Context, tmp string) error {
	return duck.With(ctx, "64MB", 1, p.lake.path(lakedir.StateDir, "tmp"), func(w duck.Session) error {
		err := w.Run(ctx, duck.Attach(tmp, "warehouse", duck.OfState)...)
		if err == nil {
			err = p.finishWarehouse(ctx, w)
		}
		// DETACH checkpoints the rest; the file must be complete without its
		// write-ahead log.
		if err == nil {
			err = w.Run(ctx, "CHECKPOINT warehouse", "USE memory", "DETACH warehouse")
		}
		return err
	})
}

// close checks that the warehouse is complete and gives it its final name.
func (p *publisher) close(tmp, final string) error {
	if _, err := os.Stat(tmp + ".wal"); err == nil {
		return fmt.Errorf("%s has a write-ahead log left", tmp)
	}
	info, err := os.Stat(tmp)
	if err != nil {
		return err
	}
	p.Warehouse = info.Size()
	if err := atomicfile.Sync(tmp); err != nil {
		return err
	}
	return atomicfile.Rename(tmp, final, atomicfile.Hooks{})
}

// finishWarehouse drops the private tables and adds the facts about the lake and the
// list of files.
func (p *publisher) finishWarehouse(ctx context.Context, w duck.Session) error {
	if err := w.Run(ctx, "DROP SCHEMA state CASCADE", p.lakeRow("meta.lake")); err != nil {
		return err
	}
	return p.listFiles(ctx, w, "meta.partitions")
}

// listFiles fills a table as meta.partitions in one statement, because a large lake has
// thousands of files.
func (p *publisher) listFiles(ctx context.Context, w duck.Session, table string) error {
	if len(p.Files) == 0 {
		return nil
	}
	values := make([]string, len(p.Files))
	for i, f := range p.Files {
		values[i] = fmt.Sprintf("(%s, %s, %s, %d, %d, %s, %s, %s)", sqltext.Literal(f.Table), sqltext.Literal(f.Account), sqltext.Literal(f.Partition),
			f.Rows, f.Bytes, sqltext.Literal(f.Path), timestamp(f.First), timestamp(f.Last))
	}
	_, err := w.Exec(ctx, "INSERT INTO "+table+" VALUES "+strings.Join(values, ", "))
	return err
}

// timestamp returns the SQL for a time, or NULL for nil.
func timestamp(t *time.Time) string {
	if t == nil {
		return "NULL"
	}
	return "TIMESTAMP " + sqltext.Literal(t.UTC().Format("2006-01-02 15:04:05.999999"))
}

// cloneFile makes a copy that shares the blocks of a file, if the file system can do
// so.
func cloneFile(from, to string) bool {
	cloned := false
	err := fill(from, to, func(dst, src *os.File) error {
		cloned = atomicfile.Clone(dst, src)
		return nil
	})
	return err == nil && cloned
}

// copyFile copies a file and waits until the copy is on the disk: otherwise the next
// sync of the file would wait. It returns the number of bytes written.
func copyFile(from, to string) (written int64, err error) {
	err = fill(from, to, func(dst, src *os.File) (err error) {
		if written, err = io.Copy(dst, src); err != nil {
			return err
		}
		return dst.Sync()
	})
	return written, err
}

// fill calls write with a new file and the one that it is filled from.
func fill(from, to string, write func(dst, src *os.File) error) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { _ = src.Close() }() // opened for reading only
	dst, err := os.OpenFile(to, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	return errors.Join(write(dst, src), dst.Close())
}
