//go:build ignore

// Command generate makes VERSION.json.gz from Stripe's OpenAPI descriptions of
// two API versions, which stripe-mock embeds: v0.180.0 that of 2023-10-16 and
// v0.203.0 that of 2026-08-26.dahlia.
//
//	go mod download -json github.com/stripe/stripe-mock@v0.180.0   # prints Dir
//	go run generate.go DIR/embedded/openapi/spec3.json
//
// It keeps the schemas of the objects that the simulator serves and all that
// they refer to, without descriptions, and turns OpenAPI's nullable into JSON
// Schema.
package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"log"
	"os"
	"slices"
	"strings"
)

var roots = []string{
	"account", "balance", "balance_transaction", "charge", "customer", "error", "plan", "price", "refund", "subscription",
	"dispute", "payout", "product", "coupon", "promotion_code", "invoice", "line_item", "invoice_payment", "payment_intent",
	"payment_intent_amount_details_line_item", "checkout.session", "item", "setup_intent", "transfer", "transfer_reversal",
	"application_fee", "fee_refund", "credit_note", "credit_note_line_item",
}

// versions are those that tests read. An object may be in the newer one only.
var versions = []string{"2023-10-16", "2026-08-26.dahlia"}

const componentPrefix = "#/components/schemas/"

func main() {
	if len(os.Args) != 2 {
		log.Fatal("usage: go run generate.go spec3.json")
	}
	data, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	var spec struct {
		Info       struct{ Version string }
		Components struct{ Schemas map[string]map[string]any }
	}
	if err := json.Unmarshal(data, &spec); err != nil {
		log.Fatal(err)
	}
	if !slices.Contains(versions, spec.Info.Version) {
		log.Fatalf("%s is of version %s, want one of %v", os.Args[1], spec.Info.Version, versions)
	}
	defs := map[string]any{}
	var add func(name string)
	add = func(name string) {
		if _, done := defs[name]; done {
			return
		}
		defs[name] = nil
		defs[name] = convert(spec.Components.Schemas[name], add)
	}
	for _, name := range roots {
		if spec.Components.Schemas[name] != nil {
			add(name)
		}
	}
	write(spec.Info.Version+".json.gz", map[string]any{"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": defs})
}

// convert copies the keywords that constrain a value, and calls ref with the
// name of every schema that is referred to.
func convert(in map[string]any, ref func(string)) map[string]any {
	out := map[string]any{}
	for _, k := range []string{"type", "enum", "maxLength", "pattern", "required"} {
		if v, ok := in[k]; ok {
			out[k] = v
		}
	}
	if r, ok := in["$ref"].(string); ok {
		name := strings.TrimPrefix(r, componentPrefix)
		ref(name)
		out["$ref"] = "#/$defs/" + name
	}
	if props, ok := in["properties"].(map[string]any); ok {
		converted := map[string]any{}
		for k, v := range props {
			converted[k] = convert(v.(map[string]any), ref)
		}
		out["properties"] = converted
	}
	for _, k := range []string{"items", "additionalProperties"} {
		switch v := in[k].(type) {
		case map[string]any:
			out[k] = convert(v, ref)
		case bool:
			out[k] = v
		}
	}
	for _, k := range []string{"anyOf", "oneOf"} {
		if list, ok := in[k].([]any); ok {
			var converted []any
			for _, v := range list {
				converted = append(converted, convert(v.(map[string]any), ref))
			}
			out[k] = converted
		}
	}
	if in["nullable"] == true {
		return map[string]any{"anyOf": []any{map[string]any{"type": "null"}, out}}
	}
	return out
}

// write makes the same bytes each time: keys are sorted and the gzip header
// holds no time.
func write(name string, schema any) {
	data, err := json.Marshal(schema)
	if err != nil {
		log.Fatal(err)
	}
	var buf bytes.Buffer
	zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := zw.Write(data); err != nil {
		log.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(name, buf.Bytes(), 0o644); err != nil {
		log.Fatal(err)
	}
	log.Printf("%s: %d bytes, %d bytes of JSON", name, buf.Len(), len(data))
}
