package pipeline_test

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stripelake/stripelake/schemas"
)

// FuzzKernelEqualsSQL maps any JSON as an object of any type both ways: with the
// shipped mappings, and with those that use the whole language.
func FuzzKernelEqualsSQL(f *testing.F) {
	types := []string{"charge", "subscription", "refund", "balance_transaction", "customer", "price"}
	byType := fixtures(f)
	for i, name := range types {
		for _, raw := range byType[name] {
			f.Add(uint8(i), raw)
		}
		catalog, err := schemas.LoadCatalog(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), []byte(object(catalog, i).Example(i)))
	}
	for i, s := range edges {
		f.Add(uint8(i%len(types)), []byte(s))
	}
	both := []*differential{shipped(f).prepare(f), language(f).prepare(f)}
	f.Fuzz(func(t *testing.T, n uint8, raw []byte) {
		name := types[int(n)%len(types)]
		if !seenByBoth(raw) {
			t.Skip()
		}
		for _, d := range both {
			if d.mappings.Mapper(name) != nil {
				d.compare(t, name, [][]byte{raw})
			}
		}
	})
}

// seenByBoth holds for the objects on which the kernel and DuckDB agree, see
// query in package transform: valid JSON without repeated keys or half surrogate
// pairs, without ß, and without decimals that an exponent takes behind the
// twelfth place.
func seenByBoth(raw []byte) bool {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	for {
		token, err := d.ReadToken()
		if err != nil {
			return errors.Is(err, io.EOF) && len(bytes.TrimSpace(raw)) > 0
		}
		switch token.Kind() {
		case '"', '0':
			if text := token.String(); strings.Contains(text, "ß") || roundedByDuckDB(text) {
				return false
			}
		}
	}
}

var withExponent = regexp.MustCompile(`^-?[0-9]+(?:\.([0-9]+))?[eE]([+-]?[0-9]+)$`)

func roundedByDuckDB(text string) bool {
	m := withExponent.FindStringSubmatch(text)
	if m == nil {
		return false
	}
	exponent, err := strconv.Atoi(m[2])
	return err != nil || exponent > 30 || len(m[1]) > 12 || len(m[1])-exponent > 12
}
