package pipeline

import (
	"bytes"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// disputeIn returns the dispute that an object names, with the charge that it
// is about; it is empty where the object names none. A dispute names its
// charge. An object with a dispute, such as a charge, names the dispute. An
// event holds either of them.
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

// disputePath says where an object of some type names a dispute and its charge.
type disputePath struct{ kind, dispute, charge string } // a type of object, and two paths in it

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

// mayNameDispute reports whether an object may name a dispute. It spares most
// objects the parsing: one without a dispute has null there.
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
