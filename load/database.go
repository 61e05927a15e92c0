package load

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// DisputeChargesTable creates the table that maps disputes to charges. It has only ids
// and nothing personal, so segments may read it.
const DisputeChargesTable = "CREATE TABLE meta.dispute_charges (account VARCHAR, dispute_id VARCHAR, charge_id VARCHAR, learned_from VARCHAR)"

// privateTables are the statements for the tables besides the declared ones. A publish
// drops schema state and keeps schema meta.
var privateTables = []string{
	"CREATE SCHEMA state", "CREATE SCHEMA meta", "CREATE SCHEMA history",
	"CREATE TABLE state.info (version INTEGER, duckdb VARCHAR, fingerprint VARCHAR, lineage VARCHAR, revision BIGINT, generation BIGINT, lake VARCHAR)",
	"CREATE TABLE state.published (generation BIGINT, revision BIGINT, manifest VARCHAR)",
	"CREATE TABLE state.bases (generation BIGINT, revision BIGINT, manifest VARCHAR)", // the state made them, and all changes since are in state.dirty
	"CREATE TABLE state.views (layout VARCHAR, unmade VARCHAR)",                       // the layout that they were made for, and the marts that do not fit, one a line
	"CREATE TABLE state.objects (account VARCHAR, stream VARCHAR, id VARCHAR, seq BIGINT, hash UBIGINT, created TIMESTAMP, seen BOOLEAN, deleted BOOLEAN, observed_at TIMESTAMP, due TIMESTAMP, id_hash UBIGINT, api_version VARCHAR)",
	"CREATE TABLE state.named (account VARCHAR, stream VARCHAR, id VARCHAR)",
	"CREATE TABLE state.relisted (account VARCHAR, stream VARCHAR, id VARCHAR)",
	"CREATE TABLE state.unfollowed (account VARCHAR, object VARCHAR, events BIGINT)", // events that concern no resource, by the kind of object that they hold
	"CREATE TABLE state.dirty (\"table\" VARCHAR, account VARCHAR, partition VARCHAR, bucket SMALLINT, revision BIGINT)",
	"CREATE TABLE meta.positions (account VARCHAR, stream VARCHAR, segment BIGINT)",
	"CREATE TABLE meta.rejects (account VARCHAR, stream VARCHAR, id VARCHAR, seq BIGINT, segment BIGINT, \"table\" VARCHAR, field VARCHAR, rule VARCHAR, reason VARCHAR, mapping VARCHAR, first_seen TIMESTAMP, last_seen TIMESTAMP, object VARCHAR, example VARCHAR)",
	"CREATE TABLE meta.incomplete_lists (account VARCHAR, stream VARCHAR, id VARCHAR, seq BIGINT, list VARCHAR)",
	"CREATE TABLE meta.runs (run_id VARCHAR, started TIMESTAMP, finished TIMESTAMP, command VARCHAR, outcome VARCHAR, requests BIGINT, objects BIGINT, rows BIGINT, rejects BIGINT, detail VARCHAR)",
	"CREATE TABLE meta.partitions (\"table\" VARCHAR, account VARCHAR, partition VARCHAR, rows BIGINT, bytes BIGINT, path VARCHAR, first TIMESTAMP, last TIMESTAMP)",
	"CREATE TABLE meta.tables (\"table\" VARCHAR, schema VARCHAR, version VARCHAR, title VARCHAR, description VARCHAR, primary_key VARCHAR[])",
	"CREATE TABLE meta.columns (\"table\" VARCHAR, path VARCHAR, type VARCHAR, title VARCHAR, description VARCHAR, unit VARCHAR, label VARCHAR, ref VARCHAR)",
	"CREATE TABLE meta.coverage (account VARCHAR, resource VARCHAR, complete_from TIMESTAMP, complete_through TIMESTAMP, as_of TIMESTAMP, api_version VARCHAR, why VARCHAR)",
	"CREATE TABLE meta.gaps (account VARCHAR, resource VARCHAR, gap_from TIMESTAMP, gap_to TIMESTAMP)",
	"CREATE TABLE meta.not_found (account VARCHAR, resource VARCHAR, id VARCHAR, asked TIMESTAMP, times INTEGER)",
	"CREATE TABLE meta.requests (account VARCHAR, resource VARCHAR, what VARCHAR, status SMALLINT, message VARCHAR, request_id VARCHAR, since TIMESTAMP, failed_at TIMESTAMP, fix VARCHAR)",
	"CREATE TABLE meta.verifications (run_id VARCHAR, account VARCHAR, \"check\" VARCHAR, looked_at BIGINT, findings BIGINT, \"at\" TIMESTAMP)",
	DisputeChargesTable,
	"COMMENT ON TABLE meta.dispute_charges IS 'Which charge a dispute is about, which never changes. A charge names the newest of its disputes; the others are learned from its former states (learned_from charges) and from events.'",
	"COMMENT ON TABLE meta.coverage IS 'What of each resource is complete: objects created in [complete_from, complete_through), the longest span without a gap, with their changes up to as_of. Null complete_from: since the beginning. Null complete_through: nothing. What is missing before or after that is in meta.gaps. Null why: nothing is missing.'",
	"COMMENT ON COLUMN meta.coverage.api_version IS 'Versions of Stripe''s API that its objects came in; of more than one, what they have may differ. Where nothing has come, the one that is asked for.'",
	"COMMENT ON TABLE meta.gaps IS 'Spans of created, [gap_from, gap_to), that are still to be read. Null gap_from: from the beginning.'",
	"COMMENT ON TABLE meta.not_found IS 'Objects that rows name and no list has shown, and for which Stripe answered 404 when they were asked for by id: last at asked (UTC), so many times in all. They are asked for once a day for a week.'",
	"COMMENT ON TABLE meta.requests IS 'What was given up and not read since: first at since, last at failed_at (UTC), when the answer was message, which ends with fix, what to do about it, if that is known. A row goes with the run that reads it.'",
	"COMMENT ON TABLE meta.verifications IS 'What each check of stripelake verify looked at and found, up to when this warehouse was published.'",
	"COMMENT ON TABLE meta.positions IS 'Up to which segment of the raw log this warehouse holds each stream.'",
	"COMMENT ON TABLE meta.rejects IS 'Rows that could not be made, with the reason.'",
	"COMMENT ON COLUMN meta.rejects.first_seen IS 'When the first version that was refused for this reason was read (UTC).'",
	"COMMENT ON COLUMN meta.rejects.object IS 'The object as Stripe sent it; null where personal data may not be in tables.'",
	"COMMENT ON COLUMN meta.rejects.example IS 'What stood in the place of the value, at most 40 characters of it, as JSON with what is not printable escaped; its JSON type and length where that is an object or a list, or the privacy policy keeps any personal data out of the tables. Null where nothing stood there.'",
	"COMMENT ON TABLE meta.incomplete_lists IS 'Nested lists of which not every page could be read.'",
	"COMMENT ON TABLE meta.runs IS 'Runs of stripelake on this lake, up to when this warehouse was published.'",
	"COMMENT ON TABLE meta.partitions IS 'Parquet files of this generation; path is relative to it.'",
	"COMMENT ON TABLE meta.tables IS 'The declared tables.'",
	"COMMENT ON TABLE meta.columns IS 'Columns of the declared tables and the members of their objects.'",
}

// databasePath returns the path of the state's DuckDB file.
func (l *Lake) databasePath() string { return lakedir.Database(l.dir) }

// openDatabase attaches work.duckdb, or a new one if that cannot be used.
func (s *State) openDatabase(ctx context.Context) error {
	path := s.lake.databasePath()
	_, statErr := os.Stat(path)
	switch {
	case errors.Is(statErr, fs.ErrNotExist):
		s.Fresh = "no state yet"
	case statErr != nil:
		return statErr
	case s.lake.opts.Anew:
		s.Fresh = "asked for"
	default:
		reason, err := s.tryDatabase(ctx)
		if err != nil || reason == "" {
			return err
		}
		s.Fresh = reason
	}
	if err := duck.RemoveDatabase(path); err != nil {
		return err
	}
	return s.createDatabase(ctx)
}

// tryDatabase attaches an existing state. It returns the reason if the state cannot be
// used and must be replaced. An error means that the state may be usable but cannot be
// opened now.
func (s *State) tryDatabase(ctx context.Context) (reason string, err error) {
	path := s.lake.databasePath()
	err = s.db.Run(ctx, duck.Attach(path, "work", duck.OfState)...)
	var version int
	var madeBy, running string
	if err == nil {
		err = s.db.One(ctx, []any{&version, &madeBy, &s.lineage, &running},
			"SELECT version, duckdb, lineage, version() FROM state.info")
	}
	aside := ""
	switch {
	case err == nil && version != StateVersion:
		reason = fmt.Sprintf("state version %d, want %d", version, StateVersion)
	case err == nil && madeBy != running:
		reason = fmt.Sprintf("made by DuckDB %s, running %s", madeBy, running)
	case err == nil:
		own, err := s.checkOwner(ctx)
		if err != nil {
			return "", err
		}
		if !own {
			aside = path + foreignSuffix
			reason = NotOwn + ", set aside as " + aside
			break
		}
		if reason, err = s.compareSet(ctx); err != nil || reason == "" {
			return "", err
		}
	case ctx.Err() != nil || duck.IsTransient(err) || errors.Is(writable(path), fs.ErrPermission):
		return "", err
	default:
		// Everything in it is in the log. Keep the file for people who look for the
		// cause.
		aside = path + atomicfile.DamagedSuffix
		reason = fmt.Sprintf("damaged, set aside as %s: %v", aside, err)
	}
	_ = s.db.Run(ctx, "USE memory", "DETACH DATABASE IF EXISTS work") // a damaged one may not even detach
	if aside != "" {
		return reason, os.Rename(path, aside)
	}
	return reason, nil
}

// IsStateDamage reports whether err is a DuckDB error for a damaged or missing block of
// the state. A sync reads no other database.
func IsStateDamage(err error) bool {
	if err == nil {
		return false
	}
	text := err.Error()
	return strings.Contains(text, "Corrupt database file") ||
		strings.Contains(text, "Could not read enough bytes") && strings.Contains(text, "work.duckdb")
}

// SetStateAside puts a damaged state into quarantine.
func (l *Lake) SetStateAside(ctx context.Context) error {
	lock, err := l.acquire(ctx, l.opts.StateWait)
	if err != nil {
		return err
	}
	path := l.databasePath()
	err = os.Rename(path, path+atomicfile.DamagedSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(err, lock.Release())
}

// writable returns an error if a file cannot be opened for writing.
func writable(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

// createDatabase creates an empty state as a temporary file and moves it to its place.
func (s *State) createDatabase(ctx context.Context) error {
	path := s.lake.databasePath()
	fresh := path + atomicfile.TempSuffix
	if err := duck.RemoveDatabase(fresh); err != nil {
		return err
	}
	if err := s.db.Run(ctx, duck.Attach(fresh, "work", duck.OfState)...); err != nil {
		return err
	}
	if err := s.createTables(ctx); err != nil {
		return err
	}
	return s.swapDatabase(ctx, fresh, "work")
}

// swapDatabase moves a new database file, attached under a name, to the state's place
// and attaches it there. It is safe to replace the file only because no other process
// ever opens the state: DuckDB finds a write-ahead log by its path.
func (s *State) swapDatabase(ctx context.Context, fresh, name string) error {
	path := s.lake.databasePath()
	err := s.db.Run(ctx, "CHECKPOINT "+name, "USE memory", "DETACH "+name, "DETACH DATABASE IF EXISTS work")
	if err != nil {
		return err
	}
	for _, wal := range []string{fresh + ".wal", path + ".wal"} {
		if _, err := os.Stat(wal); err == nil {
			return fmt.Errorf("%s is left after a checkpoint", wal)
		}
	}
	if err := errors.Join(os.Chmod(fresh, 0o600), atomicfile.Sync(fresh)); err != nil {
		return err
	}
	if err := atomicfile.Rename(fresh, path, atomicfile.Hooks{Synced: s.lake.opts.Trace.StateRewritten}); err != nil {
		return err
	}
	return s.db.Run(ctx, duck.Attach(path, "work", duck.OfState)...)
}

func (s *State) createTables(ctx context.Context) error {
	s.lineage = rand.Text()
	id, err := s.lake.identity()
	if err != nil {
		return err
	}
	newest, err := s.lake.Generations().newest()
	if err != nil {
		return err
	}
	return s.db.InTx(ctx, func() error {
		if err := s.db.RunTogether(ctx, slices.Concat(privateTables, driftTables, schemaTables, lakeTable, []string{"CREATE SCHEMA " + flatSchema})...); err != nil {
			return err
		}
		for _, t := range s.tables {
			statements := slices.Concat(createTables(t.Schema), duck.Comments(t.Schema), flatView(t.Schema))
			if !t.KeyIsID {
				statements = append(statements, createHeld(t.Schema))
			}
			if err := s.db.RunTogether(ctx, statements...); err != nil {
				return err
			}
		}
		if err := errors.Join(s.describeTables(ctx), s.storeSet(ctx)); err != nil {
			return err
		}
		_, err := s.db.Exec(ctx, "INSERT INTO state.info VALUES (?, version(), ?, ?, 0, ?, ?)",
			StateVersion, s.lake.fingerprint(), s.lineage, newest, id)
		return err
	})
}

// fingerprint hashes everything declared, descriptions included.
func (l *Lake) fingerprint() string {
	h := sha256.New()
	fmt.Fprintln(h, l.opts.Fingerprint)
	for _, t := range l.opts.Tables {
		fmt.Fprintln(h, duck.CreateTable(t.Schema), duck.Comments(t.Schema), flatView(t.Schema), t.Schema.PrimaryKey, t.Streams, t.Main)
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}
