package pipeline

import (
	"context"
	"encoding/json"
	"reflect"
	"slices"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// dropEmbeddedChanges drops findings of objects that differ only in an embedded
// object of another resource, such as the price of a subscription. An embedded
// object is as of when the object around it was read, and is compared by itself
// elsewhere.
func (x *comparison) dropEmbeddedChanges(ctx context.Context, c *verify.Checked, name string) error {
	resource, _ := x.kinds.Named(name)
	for _, embedded := range resource.Embeds {
		inside, _ := x.kinds.Named(embedded)
		left, err := x.dropEqualBut(ctx, name, inside)
		if err != nil {
			return err
		}
		if left > 0 {
			c.Note("%d embed a %s that has changed since they were read; %s has it", left, inside.Object, inside.Name)
		}
	}
	return nil
}

// dropEqualBut drops the findings of a stream's objects that differ only in
// embedded objects of one resource, and returns how many it dropped.
func (x *comparison) dropEqualBut(ctx context.Context, stream string, embedded schemas.Resource) (left int, err error) {
	if len(x.differing) == 0 {
		return 0, nil
	}
	newest, err := x.Newest(ctx, x.account, stream, func(id string) bool { _, wanted := x.differing[id]; return wanted })
	if err != nil {
		return 0, err
	}
	kinds := []string{embedded.Object, embedded.OldObject}
	for id, o := range newest {
		now, there := x.seen[id]
		if there && !o.Deleted && !now.Deleted && reflect.DeepEqual(replaceEmbedded(o, kinds), replaceEmbedded(now, kinds)) {
			delete(x.differing, id)
			left++
		}
	}
	return left, nil
}

// replaceEmbedded decodes an object, with ids in place of the embedded objects
// of some types.
func replaceEmbedded(o load.Raw, kinds []string) (v any) {
	if err := json.Unmarshal(extract.JoinNested(o.Object, o.More), &v); err != nil {
		return string(o.Object)
	}
	return replaceObjects(v, kinds)
}

func replaceObjects(v any, kinds []string) any {
	switch v := v.(type) {
	case map[string]any:
		if kind, is := v["object"].(string); is && kind != "" && slices.Contains(kinds, kind) {
			return v["id"]
		}
		for name, member := range v {
			v[name] = replaceObjects(member, kinds)
		}
	case []any:
		for i, member := range v {
			v[i] = replaceObjects(member, kinds)
		}
	}
	return v
}

// isTextless reports whether a sync kept the object without its text.
func (x *comparison) isTextless(resource extract.Resource, o load.Raw, k verify.Kept) bool {
	if x.forgotten.Empty() || ownerStreams(x.kinds, resource.Name) == nil {
		return false
	}
	text, err := withoutText(x.kinds, extract.JoinNested(o.Object, o.More))
	without := load.Raw{Object: text}
	return err == nil && without.Hash() == k.Hash
}
