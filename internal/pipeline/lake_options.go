package pipeline

import (
	"slices"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// segmentBytes is the size at which a sync ends a segment, in bytes of raw
// JSON. Each of six readers holds one segment in memory; that is most of a
// sync's memory.
const segmentBytes = 4 << 20

// RebuildOptions returns the options of LakeOptions for a rebuild. A rebuild
// reads nothing from Stripe, so DuckDB may have the memory that the readers
// need in a sync: the state is checkpointed less often, and two partition files
// are written at a time. Rows are compressed again at each checkpoint, which is
// most of the cost of merging (measured).
func RebuildOptions(set *schemas.Set) load.Options {
	options := LakeOptions(set, "")
	options.MemoryLimit, options.Checkpoint, options.Writers = "160MB", "128MB", 2
	return options
}

// LakeOptions returns the options of a lake with these schemas: each declared
// table, and the streams of the log whose objects feed it.
func LakeOptions(set *schemas.Set, mode string) load.Options {
	options := load.Options{Mode: mode, Fingerprint: set.Fingerprint, Schemas: set.Files(), Resources: set.Resources, Views: load.Views(set), SegmentBytes: segmentBytes}
	for _, schema := range set.Schemas {
		table := load.Table{Schema: schema, Fingerprint: set.TableFingerprint(schema), KeyIsID: set.KeyIsID(schema)}
		for _, resource := range set.Resources.Listed() {
			for _, mapping := range set.MappingsOf(resource.Object) {
				if mapping.Schema != schema {
					continue
				}
				if !slices.Contains(table.Streams, resource.Name) {
					table.Streams = append(table.Streams, resource.Name)
				}
				if schema.Table == resource.Name && mapping.Source.Each == nil {
					table.Main = resource.Name
				}
			}
		}
		options.Tables = append(options.Tables, table)
	}
	return options
}
