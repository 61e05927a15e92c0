package pipeline_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

// objectIlls are what is wrong with objects, and not with the pages they come in.
var objectIlls = map[string]func(object map[string]any, r *rand.Rand){
	"a member less":           func(o map[string]any, r *rand.Rand) { in := within(o, r); delete(in, member(in, r)) },
	"another type":            func(o map[string]any, r *rand.Rand) { in := within(o, r); in[member(in, r)] = odd(r) },
	"a member of later years": func(o map[string]any, r *rand.Rand) { within(o, r)[fmt.Sprint("later_", r.IntN(9))] = odd(r) },
	"the id of nobody":        anotherID,
	"no id":                   func(o map[string]any, r *rand.Rand) { o["id"] = []any{nil, "", json.Number("5"), []any{}}[r.IntN(4)] },
	"another kind": func(o map[string]any, r *rand.Rand) {
		o["object"] = []string{"charge", "customer", "price", "list", "x"}[r.IntN(5)]
	},
	"created at another time": func(o map[string]any, r *rand.Rand) {
		o["created"] = json.Number(fmt.Sprint(laketest.ShopEnd.Add(far(r)).Unix()))
	},
	"said to be deleted": func(o map[string]any, _ *rand.Rand) { o["deleted"] = true },
	"of another mode":    func(o map[string]any, _ *rand.Rand) { o["livemode"] = true },
	"invalid UTF-8":      func(o map[string]any, _ *rand.Rand) { o["description"] = notUTF8 },
	"over 4 MiB":         func(o map[string]any, _ *rand.Rand) { o["description"] = strings.Repeat("long ", 1<<20) },
	"a megabyte":         func(o map[string]any, _ *rand.Rand) { o["description"] = strings.Repeat("é", 1<<19) },
	"escapes":            func(o map[string]any, _ *rand.Rand) { o["description"] = "\x1b[2J\x1b]0;owned\x07\u202e\x00" },
	"nested deep":        func(o map[string]any, _ *rand.Rand) { o["metadata"] = map[string]any{"deep": json.RawMessage(deep)} },
	"a member twice":     func(o map[string]any, r *rand.Rand) { o[doubled] = member(o, r) },
	"an item twice": func(o map[string]any, _ *rand.Rand) {
		withItems(o, func(items []any) []any { return append(items, items[0]) })
	},
	"an item of others": func(o map[string]any, r *rand.Rand) {
		withItems(o, func(items []any) []any {
			if item, ok := items[0].(map[string]any); ok {
				item["id"] = fmt.Sprint("si_shared_", r.IntN(3))
			}
			return items
		})
	},
	"a list that goes nowhere": func(o map[string]any, r *rand.Rand) { nowhere(o, r) },
	"another's values": func(o map[string]any, r *rand.Rand) {
		o["amount"], o["currency"] = json.Number(fmt.Sprint(r.IntN(1e6))), "jpy"
	},
}

var deep = strings.Repeat("[", 900) + strings.Repeat("]", 900) // indented, it grows with the square of that

// What JSON's writer would not write is put in its text afterwards.
const (
	notUTF8 = "not UTF-8 at all"
	doubled = "_doubled"
)

// spoilt makes of a change of an object an ill of answers that hold some.
func spoilt(change func(map[string]any, *rand.Rand)) func(*answer, *rand.Rand) {
	return func(a *answer, r *rand.Rand) {
		whole, ok := parsed(a.body)
		if !ok || a.code != 200 || a.request.URL.Path == "/v1/account" || a.request.URL.Path == "/v1/balance" {
			return
		}
		objects := dataOf(whole)
		if whole["object"] != "list" {
			objects = []any{whole}
		}
		if len(objects) == 0 {
			return
		}
		for range 1 + r.IntN(3) {
			if o, ok := objects[r.IntN(len(objects))].(map[string]any); ok {
				change(o, r)
			}
		}
		text, err := json.Marshal(whole)
		if err != nil {
			return // a number that is none
		}
		a.body = bytes.ReplaceAll(text, []byte(notUTF8), []byte("not \xff\xfe UTF-8\xc3"))
		a.body = bytes.ReplaceAll(a.body, []byte(`"`+doubled+`":`), []byte(`"amount":1,"status":`))
	}
}

// within is the object or one of those inside it.
func within(o map[string]any, r *rand.Rand) map[string]any {
	for range r.IntN(3) {
		inner, ok := o[member(o, r)].(map[string]any)
		if !ok || len(inner) == 0 {
			break
		}
		o = inner
	}
	return o
}

// withItems changes the items that a subscription has.
func withItems(o map[string]any, change func([]any) []any) {
	if list, ok := o["items"].(map[string]any); ok {
		if items, ok := list["data"].([]any); ok && len(items) > 0 {
			list["data"] = change(items)
		}
	}
}

// member is the name of a member other than the id, of which there is a kind.
func member(o map[string]any, r *rand.Rand) string {
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(o)), func(name string) bool { return name == "id" })
	if len(names) == 0 {
		return "none"
	}
	return names[r.IntN(len(names))]
}

func odd(r *rand.Rand) any {
	return []any{
		nil, true, "", "text", "../../x'\"; DROP TABLE charges;--",
		[]any{},
		[]any{nil, nil},
		map[string]any{},
		map[string]any{"id": nil},
		json.Number("-1"), json.Number("1e999"), json.Number("0.1"), json.Number(strings.Repeat("9", 400)), json.Number("-9223372036854775809"), json.Number("99999999999999"),
	}[r.IntN(15)]
}

// anotherID gives an object an id that nobody has; its items, if it has any, stay
// those of another one. Movements of money that are there and then are not are
// another matter, which Stripe does not do: marts add up what is marked as deleted.
func anotherID(o map[string]any, r *rand.Rand) {
	if kind := o["object"]; kind != "charge" && kind != "refund" && kind != "balance_transaction" {
		o["id"] = fmt.Sprint(o["id"], "_", r.IntN(1e9))
	}
}

// nowhere says of a list in an object that it goes on, elsewhere.
func nowhere(o map[string]any, r *rand.Rand) {
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if list, ok := o[name].(map[string]any); ok && list["object"] == "list" {
			list["has_more"] = true
			list["url"] = []any{"/v1/nowhere", "https://169.254.169.254/v1/x", nil, "/v1/charges"}[r.IntN(4)]
		}
	}
}
