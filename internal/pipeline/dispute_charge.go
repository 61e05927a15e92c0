package pipeline

import (
	"bytes"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// disputePaths says where objects name disputes of one type, and the charges that these
// are about.
type disputePaths struct {
	quoted []byte // the type of the disputes, as it is in JSON as a name or a value
	by     []disputePath
}

// disputePath is one type of object that names both.
type disputePath struct {
	kind            string   // the type of the object
	object, inEvent []string // paths to the type, the dispute and the charge
}

// disputesOf returns where objects name disputes. A dispute names its charge. An object
// with a dispute, such as a charge, names the dispute.
func disputesOf(resources *schemas.Resources) (all []disputePaths) {
	for _, part := range resources.Unlisted() {
		paths := disputePaths{quoted: []byte(`"` + part.Object + `"`)}
		for _, ref := range part.Owner.BelongsTo {
			paths.by = append(paths.by, newDisputePath(part.Object, "id", ref.Path))
		}
		for _, r := range resources.Listed() {
			for _, ref := range r.Brings {
				if slices.Contains(ref.To, part.Name) {
					paths.by = append(paths.by, newDisputePath(r.Object, ref.Path, "id"))
				}
			}
		}
		all = append(all, paths)
	}
	return all
}

func newDisputePath(kind, dispute, charge string) disputePath {
	return disputePath{
		kind:   kind,
		object: []string{"object", dispute, charge}, inEvent: []string{inEvent + "object", inEvent + dispute, inEvent + charge},
	}
}

// disputeIn returns the dispute that an object names, with the charge that it is about; it is
// empty where the object names none. An event holds an object that does.
func disputeIn(disputes []disputePaths, stream string, raw []byte) load.Disputed {
	for _, part := range disputes {
		if !mayNameDispute(raw, part.quoted) {
			continue
		}
		for _, p := range part.by {
			at := p.object
			if stream == extract.Events().Name {
				at = p.inEvent
			}
			ids := extract.References(raw, at...)
			if kind, id, of := lastID(ids[0]), lastID(ids[1]), lastID(ids[2]); kind == p.kind && id != "" && of != "" {
				return load.Disputed{Dispute: id, Charge: of}
			}
		}
	}
	return load.Disputed{}
}

// mayNameDispute reports whether an object may name a dispute, by the quoted name of
// the type. It spares most objects the parsing: one without a dispute has null there.
func mayNameDispute(raw, quoted []byte) bool {
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
