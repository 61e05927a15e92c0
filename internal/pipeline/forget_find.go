package pipeline

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// finder finds in one account's log everything that belongs to some customers.
// It holds ids only, never objects.
type finder struct {
	account   string
	kinds     *schemas.Resources
	forgotten *load.Forgotten // an object of a customer erased before is erased too, if it came since
	customers []string
	seen      idSet               // customers that the log has
	names     idSet               // ids of the customers, of their objects, and of what those bring
	streams   map[string]*matches // by stream
}

// matches counts what was found in one stream.
type matches struct {
	ids                idSet
	versions, segments int
}

// findAll reads the log until a pass finds no further id: usually twice,
// because an old version may name an id that a newer one does not.
func findAll(ctx context.Context, lake *load.Lake, forgotten *load.Forgotten, account string, customers []string) (*finder, error) {
	f := &finder{account: account, kinds: lake.Resources(), forgotten: forgotten, customers: customers, seen: idSet{}, names: idSet{}}
	for _, id := range customers {
		f.names.add(id)
	}
	for known := -1; known != len(f.names); {
		known = len(f.names)
		if err := f.readLog(ctx, lake); err != nil {
			return nil, err
		}
	}
	for _, id := range customers {
		if !f.seen.has(id) {
			delete(f.names, id) // a customer of another account
		}
	}
	return f, nil
}

func (f *finder) readLog(ctx context.Context, lake *load.Lake) error {
	f.streams = map[string]*matches{}
	present, err := lake.Streams(f.account)
	if err != nil {
		return err
	}
	if err := f.checkDeclared(present); err != nil {
		return err
	}
	for _, stream := range personalStreams(f.kinds) {
		if !slices.Contains(present, stream) {
			continue
		}
		found, relations := &matches{ids: idSet{}}, relationsOf(f.kinds, stream)
		f.streams[stream] = found
		last := uint64(0) // the last segment with a match
		for batch, err := range lake.Read(ctx, f.account, stream, 0) {
			if err != nil {
				return err
			}
			for i := range batch.Objects {
				if !f.addIfTheirs(relations, &batch.Objects[i]) {
					continue
				}
				found.ids.add(batch.Objects[i].ID)
				found.versions++
				if batch.Segment != last {
					found.segments++
					last = batch.Segment
				}
			}
		}
	}
	return nil
}

// checkDeclared refuses a log with a stream of which the schemas no longer say whose
// the objects are: they would stay in it.
func (f *finder) checkDeclared(present []string) error {
	for _, stream := range present {
		if r, known := f.kinds.Named(stream); stream != extract.Events().Name && (!known || r.List.Path == "") {
			return hint.New(fmt.Sprintf("the log of %s holds %s, and the lake's schemas do not say whose they are", f.account, stream),
				"put resources/"+stream+".yaml back, and run stripelake rebuild --schemas DIR")
		}
	}
	return nil
}

// addIfTheirs reports whether an object belongs to the customers. If so it
// remembers the object's id and the ids that it brings.
func (f *finder) addIfTheirs(relations *relations, o *load.Raw) bool {
	s := relations.read(o.Object)
	owners := s.belongsTo()
	if !f.has(o.ID) && !slices.ContainsFunc(owners, f.has) {
		return false
	}
	for _, id := range append(owners, o.ID) {
		if slices.Contains(f.customers, id) {
			f.seen.add(id)
		}
	}
	f.names.add(o.ID)
	for _, id := range s.broughtIDs() {
		f.names.add(id)
	}
	return true
}

func (f *finder) has(id string) bool {
	return id != "" && (f.names.has(id) || f.forgotten.Has(f.account, id))
}

// empty reports whether nothing was found.
func (f *finder) empty() bool {
	for _, found := range f.streams {
		if found.versions > 0 {
			return false
		}
	}
	return true
}

// addTo adds what was found to the record of an erasure.
func (f *finder) addTo(e *load.Erasure) {
	objects, further := map[string][]string{}, maps.Clone(f.names)
	for _, stream := range personalStreams(f.kinds) {
		found := f.streams[stream]
		if found == nil || found.versions == 0 {
			continue
		}
		objects[stream] = slices.Sorted(maps.Keys(found.ids))
		for id := range found.ids {
			delete(further, id)
		}
		e.Receipt.Erased = append(e.Receipt.Erased, load.Erased{
			Account: f.account, Stream: stream, Objects: len(found.ids), Versions: found.versions, Segments: found.segments,
		})
	}
	e.Objects[f.account] = objects
	e.Further[f.account] = slices.Sorted(maps.Keys(further))
	e.Customers[f.account] = slices.Sorted(maps.Keys(f.seen))
}

// checkHeld returns the customers that no account has. It refuses a customer
// that several accounts have, unless an account was chosen. A customer who was
// forgotten before is neither.
func checkHeld(customers []string, finders []*finder, forgotten *load.Forgotten, chosen bool) (unheld []string, err error) {
	for _, id := range customers {
		var holders []string
		before := false
		for _, f := range finders {
			if f.seen.has(id) {
				holders = append(holders, f.account)
			}
			before = before || forgotten.Has(f.account, id)
		}
		switch {
		case len(holders) == 0 && !before:
			unheld = append(unheld, id)
		case len(holders) > 1 && !chosen:
			return nil, &UsageError{fmt.Sprintf("accounts %s each have a customer %s: choose one with --account", strings.Join(holders, ", "), id)}
		}
	}
	return unheld, nil
}
