package load

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/internal/lakedir"
)

// Published is the linked generation with its records of the lake.
type Published struct {
	Generation
	Coverage []Coverage // with gaps, sorted by account and resource
	GivenUp  []GivenUp  // as in meta.requests
	LastRun  *Run       // the run that had started last at the time of the publish; nil if there was none
}

// ReadPublished returns the manifest of the linked generation of the lake in dir. ok is
// false if it cannot be read. ReadPublished takes no lock and reads no other file.
func ReadPublished(dir string) (g Generation, ok bool) {
	g, _, ok = (&Lake{dir: dir}).Generations().Manifest()
	return g, ok
}

// OpenPublished reads the linked generation's records of itself and of the lake in dir,
// for users who may read nothing else. It takes no lock and opens the warehouse for
// reading only.
func OpenPublished(ctx context.Context, dir string) (p Published, err error) {
	generation, err := PublishedDir(dir)
	if err == nil {
		p.Generation, _, err = readManifest(generation)
	}
	if err == nil && p.Summary == nil {
		return p, errOlder(dir, p.Generation)
	}
	if err == nil {
		err = duck.With(ctx, "64MB", 1, "", func(q duck.Session) error {
			if err := q.Run(ctx, duck.Attach(filepath.Join(generation, lakedir.WarehouseName), "warehouse", " (READ_ONLY)")...); err != nil {
				return err
			}
			if p.Coverage, err = coverageIn(ctx, q); err != nil {
				return err
			}
			if p.GivenUp, err = givenUp(ctx, q); err != nil {
				return err
			}
			p.LastRun, err = lastRun(ctx, q)
			return err
		})
	}
	if err != nil {
		return p, fmt.Errorf("read what is published in %s: %w", dir, err)
	}
	return p, nil
}

// coverageIn reads meta.coverage and meta.gaps.
func coverageIn(ctx context.Context, q duck.Session) ([]Coverage, error) {
	var all []Coverage
	var c Coverage
	var from, through, asOf sql.NullTime
	var why sql.NullString
	err := q.Each(ctx, []any{&c.Account, &c.Resource, &from, &through, &asOf, &c.APIVersion, &why}, func() error {
		c.From, c.Through, c.AsOf, c.Why = from.Time, through.Time, asOf.Time, Why(why.String)
		all = append(all, c)
		return nil
	}, `SELECT account, resource, complete_from, complete_through, as_of, api_version, why
		FROM (FROM meta.coverage UNION ALL BY NAME SELECT NULL::VARCHAR AS why WHERE false) ORDER BY ALL`) // older ones have no why
	if err != nil {
		return nil, fmt.Errorf("coverage: %w", err)
	}
	var account, resource string
	var gap Gap
	err = q.Each(ctx, []any{&account, &resource, &from, &gap.To}, func() error {
		gap.From = from.Time
		for i := range all {
			if all[i].Account == account && all[i].Resource == resource {
				all[i].Gaps = append(all[i].Gaps, gap)
			}
		}
		return nil
	}, "SELECT account, resource, gap_from, gap_to FROM meta.gaps ORDER BY gap_to")
	if err != nil {
		return nil, fmt.Errorf("gaps: %w", err)
	}
	return all, nil
}
