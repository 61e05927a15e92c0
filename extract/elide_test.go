package extract

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

// big returns a text of mib MiB.
func big(mib int) string { return strings.Repeat("x", mib<<20) }

// An object above the size limit is lost alone, without its page, however large it is:
// a stub with its id and its size replaces it (Invariant 8).
func TestObjectIsBounded(t *testing.T) {
	t.Parallel()
	for _, mib := range []int{4, 50} {
		f := &stripeFake{now: t0, rows: rowsAt(8, 7, 6)}
		f.rows[1].Note = big(mib)
		size := int64(len(f.rows[1].json()))
		c := fastClient(t, f, 100)
		pages := collect(t, c, "charges", `{"v":2,"windows":[{"lt":9}],"goal":9}`, Range{To: unixTime(9)})
		if len(pages) != 1 || len(pages[0].Objects) != 3 || c.Requests() != 1 {
			t.Fatalf("%d MiB: %d requests, pages %v", mib, c.Requests(), ids(pages...))
		}
		for i, o := range pages[0].Objects {
			left := int64(0)
			if i == 1 {
				left = size
			} else if string(o.Raw) != f.rows[i].json() {
				t.Errorf("%d MiB: object %d is %s", mib, i, o.Raw)
			}
			if o.LeftOut != left || len(o.Raw) > 200 || o.ID != f.rows[i].ID || o.Created.Unix() != f.rows[i].Created || *o.Livemode {
				t.Errorf("%d MiB: object %d is %.100q, %d bytes left out", mib, i, o.Raw, o.LeftOut)
			}
		}
		for page, err := range c.Reread(t.Context(), resource(t, "charges"), "before", []Item{{ID: "ch_2"}}, "then") {
			if err != nil || len(page.Objects) != 1 || page.Objects[0].LeftOut != size {
				t.Errorf("%d MiB, by its id: %v, %v", mib, ids(page), err)
			}
		}
	}
}

// Objects that are small enough alone, but together exceed the limit of a body, come in
// smaller pages.
func TestPageIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	f := &stripeFake{now: t0, rows: rowsAt(12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1)}
	for i := range f.rows {
		f.rows[i].Note = strings.Repeat("x", maxObject-1000)
	}
	pages := collect(t, fastClient(t, f, 100), "charges", `{"v":2,"windows":[{"lt":19}],"goal":19}`, Range{To: unixTime(19)})
	if got := ids(pages...); len(got) != 12 || got[11] != "ch_12" {
		t.Errorf("%v", got)
	}
}

// A small body passes unchanged, JSON or not, wherever the network cuts it. From a body
// with a too large object only that object is removed, even if it has a brace in a
// string.
func TestElision(t *testing.T) {
	t.Parallel()
	small := `{"id":"ch_1","t":"}{[\"]","n":[{"a":{}}]}`
	large := `{"id":"ch_2","object":"charge","created":5,"livemode":true,"t":"}]\"` + big(4) + `"}`
	const left = `{"id":"ch_2","object":"charge","created":5,"livemode":true}`
	for name, tc := range map[string]struct {
		holds    int
		in, want string
	}{
		"a list":         {holdsList, `{"data":[` + small + `, ` + large + "\n," + small + `,` + large + `]} `, `{"data":[` + small + `, ` + left + "\n," + small + `,` + left + `]} `},
		"an object":      {holdsObject, ` ` + large + ` `, ` ` + left + ` `},
		"nothing large":  {holdsList, `{"data":[` + small + `,` + small + `],"x":{"y":{}}}`, `{"data":[` + small + `,` + small + `],"x":{"y":{}}}`},
		"cut":            {holdsList, `{"data":[` + small + `,{"id":"ch_`, `{"data":[` + small + `,{"id":"ch_`},
		"cut in a large": {holdsList, `{"data":[` + large[:len(large)-1], `{"data":[`},
		"no JSON":        {holdsList, `]}{[{"<html>`, `]}{[{"<html>`},
		"nothing":        {holdsList, ``, ``},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := &reply{}
			got, err := io.ReadAll(&elision{Reader: pieces{strings.NewReader(tc.in)}, of: of, level: tc.holds})
			if err != nil || string(got) != tc.want {
				t.Fatalf("%d bytes %.200q, want %d bytes %.200q (%v)", len(got), got, len(tc.want), tc.want, err)
			}
			if want := strings.Count(tc.want, left); len(of.leftOut) != want {
				t.Errorf("%d left out, want %d", len(of.leftOut), want)
			}
			for at, size := range of.leftOut {
				if !bytes.HasPrefix(got[at:], []byte(left)) || size != int64(len(large)) {
					t.Errorf("%d bytes left out at %d", size, at)
				}
			}
		})
	}
}

// pieces reads a few bytes at a time, or many.
type pieces struct{ io.Reader }

func (p pieces) Read(into []byte) (int, error) {
	return p.Reader.Read(into[:min(len(into), 1+rand.IntN(1<<rand.IntN(17)))])
}

// FuzzElision checks that a body without a large object passes unchanged.
func FuzzElision(f *testing.F) {
	for _, seed := range []string{`{"data":[{"id":"ch_1","a":{"b":["}"]}}]}`, `{"a":"\\\""}`, `[[[{`, `}}}`, `"`} {
		f.Add([]byte(seed), 1)
		f.Add([]byte(seed), 3)
	}
	f.Fuzz(func(t *testing.T, body []byte, level int) {
		of := &reply{}
		got, err := io.ReadAll(&elision{Reader: pieces{bytes.NewReader(body)}, of: of, level: level})
		if err != nil || !bytes.Equal(got, body) || len(of.leftOut) > 0 {
			t.Errorf("%q became %q, %v", body, got, err)
		}
	})
}

func BenchmarkElision(b *testing.B) {
	object := `{"id":"ch_3MmlLrLkdIwHu7ix0snN0B15","object":"charge","amount":1099,"created":1679090539,"livemode":false,"billing_details":{"address":{"city":null,"country":"DE"}},"description":"` + strings.Repeat("x", 1800) + `"}`
	body := []byte(`{"object":"list","data":[` + strings.Repeat(object+",", 99) + object + `],"has_more":true}`)
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		_, _ = io.Copy(io.Discard, &elision{Reader: bytes.NewReader(body), of: &reply{}, level: holdsList})
	}
}
