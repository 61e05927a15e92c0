package pipeline

import (
	"bytes"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// disputeIn returns a dispute that an object of a stream names and the charge that it
// is about; empty where it names none. An object of that kind names what it is of, and
// what brings such an object is named by it; an event tells of the one that it holds.
func disputeIn(stream string, raw []byte) load.Disputed {
	in := ""
	if stream == extract.Events().Name {
		in = inEvent
	}
	for _, part := range schemas.Unlisted() {
		if !mayNameDispute(raw, part.Object) {
			continue
		}
		for _, t := range disputePaths(part) {
			ids := extract.References(raw, in+"object", in+t.dispute, in+t.charge)
			if kind, id, of := lastID(ids[0]), lastID(ids[1]), lastID(ids[2]); kind == t.kind && id != "" && of != "" {
				return load.Disputed{Dispute: id, Charge: of}
			}
		}
	}
	return load.Disputed{}
}

// disputePath is where an object of some kind names a dispute, and the charge that it is of.
type disputePath struct{ kind, dispute, charge string }

func disputePaths(part schemas.Resource) (paths []disputePath) {
	for _, ref := range part.Owner.BelongsTo {
		paths = append(paths, disputePath{part.Object, "id", ref.Path})
	}
	for _, r := range schemas.Resources() {
		for _, ref := range r.Brings {
			if slices.Contains(ref.To, part.Name) {
				paths = append(paths, disputePath{r.Object, ref.Path, "id"})
			}
		}
	}
	return paths
}

// mayNameDispute spares most objects the parsing: one without a dispute says that it is null.
func mayNameDispute(raw []byte, kind string) bool {
	quoted := []byte(`"` + kind + `"`)
	for {
		_, rest, found := bytes.Cut(raw, quoted)
		if !found {
			return false
		}
		value, isKey := bytes.CutPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
		if !isKey || !bytes.HasPrefix(bytes.TrimLeft(value, " \t\r\n"), []byte("null")) {
			return true
		}
		raw = rest
	}
}
