package pipeline

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// embedding leaves out what differs only in a price that it embeds: such a copy
// is as of when its subscription was read, and the price itself is compared by
// itself. It returns how many those are.
func (x *comparison) embedding(ctx context.Context, resource extract.Resource) (left int, err error) {
	if resource.Name != "subscriptions" || len(x.differing) == 0 {
		return 0, nil
	}
	newest, err := x.Newest(ctx, x.account, resource.Name, func(id string) bool { _, wanted := x.differing[id]; return wanted })
	if err != nil {
		return 0, err
	}
	for id, o := range newest {
		now, there := x.seen[id]
		if there && !o.Deleted && !now.Deleted && reflect.DeepEqual(bare(o), bare(now)) {
			delete(x.differing, id)
			left++
		}
	}
	return left, nil
}

// bare is an object with ids in the place of the prices in it.
func bare(o load.Raw) (v any) {
	if err := json.Unmarshal(extract.Whole(o.Object, o.More), &v); err != nil {
		return string(o.Object)
	}
	return withoutPrices(v)
}

func withoutPrices(v any) any {
	switch v := v.(type) {
	case map[string]any:
		if v["object"] == "price" || v["object"] == "plan" {
			return v["id"]
		}
		for name, member := range v {
			v[name] = withoutPrices(member)
		}
	case []any:
		for i, member := range v {
			v[i] = withoutPrices(member)
		}
	}
	return v
}
