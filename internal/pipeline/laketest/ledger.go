package laketest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

// CheckAgainstLedger compares the newest version of every object in the log, byte for
// byte, with what Stripe holds. Members in without are not compared.
func CheckAgainstLedger(rt rapid.TB, dir string, server *stripesim.Server, without ...string) {
	lake := NewSync(dir, "http://127.0.0.1:1", nil).Lake
	for _, resource := range lake.Resources().Listed() {
		newest := map[string]load.Raw{}
		for batch, err := range lake.Read(context.Background(), server.AccountID(), resource.Name, 0) {
			if err != nil {
				rt.Fatal(err)
			}
			for _, o := range batch.Objects {
				newest[o.ID] = o
			}
		}
		want := 0
		for id, raw := range server.Ledger().Raw(resource.Name) {
			want++
			got, ok := newest[id]
			switch {
			case !ok:
				rt.Errorf("%s %s is missing", resource.Name, id)
			case flat(rt, got.Object, without...) != flat(rt, raw, without...):
				rt.Errorf("%s %s is outdated (-ledger +lake):\n%s", resource.Name, id, diffOf(flat(rt, raw, without...), flat(rt, got.Object, without...)))
			case got.Deleted:
				rt.Errorf("%s %s is marked as deleted", resource.Name, id)
			}
			delete(newest, id)
		}
		for id, got := range newest {
			if !got.Deleted {
				rt.Errorf("%s %s is gone at Stripe and not marked as deleted", resource.Name, id)
			}
		}
	}
}

// flat is JSON without its indentation, which differs between a list and an
// object by itself, and without what it embeds of prices: those change with no
// event of the subscription, and have a table of their own. Members in without
// are left out.
func flat(rt rapid.TB, raw []byte, without ...string) string {
	var object map[string]any
	if err := json.Unmarshal(raw, &object); err != nil {
		rt.Fatalf("%v\n%s", err, raw)
	}
	for _, name := range slices.Concat(without, []string{"tiers", "currency_options"}) { // the lake asks for them; the ledger shows what is seen unasked
		delete(object, name)
	}
	for name, member := range object {
		object[name] = withoutPrices(member)
	}
	text, err := json.MarshalIndent(object, "", "  ")
	if err != nil {
		rt.Fatal(err)
	}
	return string(text)
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
		for i, element := range v {
			v[i] = withoutPrices(element)
		}
	}
	return v
}

// diffOf is what two texts differ in. Of what is very long only that is told.
func diffOf(a, b string) string {
	if n := len(a) + len(b); n > 1<<20 {
		return fmt.Sprintf("%d bytes", n)
	}
	return cmp.Diff(a, b)
}
