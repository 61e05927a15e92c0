package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// publishChanges publishes changes of the newest objects in a lake, and changes
// spread over all of its time.
func publishChanges(ctx context.Context, dir string) (all []*publishCost, err error) {
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		return nil, err
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		return nil, err
	}
	options := pipeline.LakeOptions(set, "")
	options.KeepGenerations = 1
	for _, changes := range []struct{ name, order string }{{"recent", "created DESC, id"}, {"spread", "hash(id)"}} {
		picked, err := pick(ctx, dir, changes.order)
		if err != nil {
			return nil, err
		}
		one := &publishCost{}
		for n := range publishes {
			p := &publishCost{changes: changes.name}
			if err := publishOnce(ctx, dir, options, mappings, picked, p); err != nil {
				return nil, err
			}
			if n == 0 || p.betterThan(one) {
				one = p
			}
		}
		if len(all) == 0 {
			var total int64
			for _, n := range one.Rows {
				total += n
			}
			fmt.Printf("%d rows in %d files, a warehouse of %d MiB; %d objects change\n", total, len(one.Files), one.Generation.Warehouse>>20, changedObjects)
		}
		one.print()
		all = append(all, one)
	}
	return all, nil
}

// pick returns ids by stream.
func pick(ctx context.Context, dir, order string) (_ map[string][]string, err error) {
	db, err := sql.Open("duckdb", filepath.Join(dir, ".state", "work.duckdb"))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	names, err := column(ctx, db, fmt.Sprintf("SELECT stream || ' ' || id FROM state.objects WHERE stream != 'events' ORDER BY %s LIMIT %d", order, changedObjects))
	picked := map[string][]string{}
	for _, name := range names {
		stream, id, _ := strings.Cut(name, " ")
		picked[stream] = append(picked[stream], id)
	}
	return picked, err
}

// publishOnce appends a new version of each object, merges the versions and
// publishes.
func publishOnce(ctx context.Context, dir string, options load.Options, mappings *transform.Mappings, picked map[string][]string, p *publishCost) (err error) {
	lake, err := load.Open(dir, options)
	if err != nil {
		return err
	}
	accounts, err := lake.Accounts()
	if err != nil {
		return err
	}
	log, err := lake.OpenLog(ctx, accounts[0].ID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	state, err := lake.OpenState(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, state.Close()) }()
	for _, resource := range pipeline.Resources(lake.Resources()) {
		if len(picked[resource.Name]) == 0 {
			continue
		}
		position, err := appendAgain(ctx, log, resource.Name, picked[resource.Name])
		if err != nil {
			return err
		}
		position.Account = accounts[0].ID
		p.merge.start()
		_, err = state.Apply(ctx, position, mapSegment(ctx, log, mappings.Mapper(resource.Object), position))
		if err != nil {
			return err
		}
		p.merge.stop()
	}
	p.total.start()
	p.Generation, err = state.Publish(ctx)
	p.total.stop()
	return err
}

// appendAgain appends another version of objects. The log holds some of them
// only under another id.
func appendAgain(ctx context.Context, log *load.Log, stream string, ids []string) (load.Position, error) {
	wanted := map[string][]string{}
	for _, id := range ids {
		original, _, _ := strings.Cut(id, "-")
		wanted[original] = append(wanted[original], id)
	}
	var again []load.Raw
	for batch, err := range log.Read(ctx, stream, 0) {
		if err != nil {
			return load.Position{}, err
		}
		for _, raw := range batch.Objects {
			for _, id := range wanted[raw.ID] {
				other := raw
				other.ID, other.Object = id, withID(raw.Object, raw.ID, id)
				again = append(again, other)
			}
			delete(wanted, raw.ID)
		}
	}
	cursor, err := log.Cursor(stream)
	if err != nil {
		return load.Position{}, err
	}
	return log.Append(ctx, stream, again, cursor)
}

var item = regexp.MustCompile(`"(si_\w+)"`)

// withID gives an object the id of its copy by multiplyRows, and its items
// theirs.
func withID(object []byte, from, to string) []byte {
	object = bytes.ReplaceAll(object, []byte(`"`+from+`"`), []byte(`"`+to+`"`))
	return item.ReplaceAll(object, []byte(`"${1}`+strings.TrimPrefix(to, from)+`"`))
}

// mapSegment maps the newest segment of a stream.
func mapSegment(ctx context.Context, log *load.Log, mapper *transform.Mapper, position load.Position) iter.Seq2[load.Batch, error] {
	return func(yield func(load.Batch, error) bool) {
		for raws, err := range log.Read(ctx, position.Stream, position.Segment-1) {
			var batch load.Batch
			var objects []transform.Object
			for _, raw := range raws.Objects {
				batch.Objects = append(batch.Objects, load.VersionOf(&raw, raws.Segment))
				objects = append(objects, transform.Object{
					Raw: extract.JoinNested(raw.Object, raw.More), Account: position.Account, ID: raw.ID, Created: raw.Created, ObservedAt: raw.ObservedAt, Seq: raw.Seq,
				})
			}
			if err == nil {
				for _, made := range mapper.Map(objects) {
					batch.Tables = append(batch.Tables, load.TableRows{Schema: made.Schema, Rows: made.Rows})
				}
			}
			if !yield(batch, err) {
				return
			}
		}
	}
}
