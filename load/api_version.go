package load

import (
	"context"
	"fmt"

	"github.com/stripelake/stripelake/load/internal/duck"
	"github.com/stripelake/stripelake/load/rawlog"
)

// OtherVersion lists the API versions of a stream's objects that differ from the
// configured one, by the objects' newest versions.
type OtherVersion struct {
	Account, Stream string
	Versions        []string // sorted
	Only            bool     // no object came in the configured version
}

// OtherVersions returns the streams with objects in another API version than the
// configured one.
func (s *State) OtherVersions(ctx context.Context) ([]OtherVersion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	byStream, err := otherVersions(ctx, s.db.Session)
	var all []OtherVersion
	for _, v := range byStream {
		all = append(all, v)
	}
	return all, err
}

// otherVersions groups by version: for a lake without other versions DuckDB reads only
// the statistics of one column.
func otherVersions(ctx context.Context, q duck.Session) (map[rawlog.StreamKey]OtherVersion, error) {
	all := map[rawlog.StreamKey]OtherVersion{}
	var key rawlog.StreamKey
	var version string
	err := q.Each(ctx, []any{&key.Account, &key.Stream, &version}, func() error {
		v := all[key]
		v.Account, v.Stream, v.Only = key.Account, key.Stream, true
		v.Versions = append(v.Versions, version)
		all[key] = v
		return nil
	}, "SELECT DISTINCT account, stream, api_version FROM state.objects WHERE api_version IS NOT NULL ORDER BY ALL")
	if err == nil && len(all) > 0 {
		err = q.Each(ctx, []any{&key.Account, &key.Stream}, func() error {
			if v, ok := all[key]; ok {
				v.Only = false
				all[key] = v
			}
			return nil
		}, "SELECT DISTINCT account, stream FROM state.objects WHERE api_version IS NULL AND NOT deleted")
	}
	if err != nil {
		return nil, fmt.Errorf("API versions: %w", err)
	}
	return all, nil
}
