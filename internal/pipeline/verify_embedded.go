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

// dropEmbeddedChanges leaves out what differs only in objects of another resource that it
// embeds, such as the price of a subscription: such a copy is as of when the object
// around it was read, and the embedded one is compared by itself.
func (x *comparison) dropEmbeddedChanges(ctx context.Context, c *verify.Checked, name string) error {
	resource, _ := schemas.ResourceNamed(name)
	for _, embedded := range resource.Embeds {
		inside, _ := schemas.ResourceNamed(embedded)
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

// dropEqualBut leaves out of a stream what differs only in what it embeds of a resource,
// and returns how many those are.
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

// replaceEmbedded is an object with ids in the place of the objects of some kinds in it.
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
