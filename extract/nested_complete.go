package extract

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/stripe/stripe-go/v76/form"
)

// completeNested reads the rest of each nested list that Stripe cut short, into
// the object's More. A list that cannot be read stays short and is reported as
// a failure, because the object itself is good. Only an error that concerns the
// whole run is returned. Events are left as they are: they are hints, and the
// object that an event shows is read again anyway.
func (c *Client) completeNested(ctx context.Context, objects []Object) error {
	for i := range objects {
		if o := &objects[i]; o.Type != Events().Object {
			if err := c.completeObject(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// completeObject reads nested lists until none is incomplete and untried. The
// pages that it reads may have incomplete lists of their own.
func (c *Client) completeObject(ctx context.Context, o *Object) error {
	lists, tried := map[string][]jsontext.Value{}, map[string]bool{}
	for joined, full := o.Raw, false; !full; joined = JoinNested(o.Raw, o.More) {
		incomplete := slices.DeleteFunc(IncompleteLists(joined), func(pointer string) bool { return tried[pointer] })
		if most := maxLists - len(tried); len(incomplete) > most {
			full = true
			c.failed(o.Type+" "+o.ID, fmt.Errorf("it has more than %d nested lists that go on; only these are read", maxLists))
			incomplete = incomplete[:most]
		}
		before := len(lists)
		for _, pointer := range incomplete {
			tried[pointer] = true
			pages, version, err := c.readRest(ctx, joined, pointer)
			if ctx.Err() != nil || IsUnauthorized(err) || IsStopped(err) {
				return cmp.Or(ctx.Err(), err)
			}
			if err != nil {
				c.failedList(o, pointer, err)
				continue
			}
			lists[pointer] = pages
			if version != APIVersion {
				o.APIVersion = version
			}
		}
		if len(lists) == before {
			break
		}
		o.More, _ = json.Marshal(lists, json.Deterministic(true)) // cannot fail: each page was read as JSON
	}
	return nil
}

// nestedList is what a list inside an object says about itself.
type nestedList struct {
	URL  string `json:"url"`
	Data []struct {
		ID string `json:"id"`
	} `json:"data"`
}

// readRest reads the pages of a nested list behind the part that the object
// embeds. It returns their API version: if one page has another version than
// was asked for, that one.
//
// Stripe: the list's url continues it. With the default limit it would return
// the embedded part again.
func (c *Client) readRest(ctx context.Context, raw []byte, pointer string) (pages []jsontext.Value, version string, err error) {
	var l nestedList
	at := findSpans(raw, pointer)[pointer]
	if err := json.Unmarshal(raw[at.start:at.end], &l, lenientJSON); err != nil {
		return nil, "", fmt.Errorf("the list is not as Stripe sends them: %w", err)
	}
	address, err := url.Parse(l.URL)
	if err != nil || address.IsAbs() || address.Host != "" || !strings.HasPrefix(address.Path, "/v1/") { // Invariant 12
		return nil, "", fmt.Errorf("the list says to go on at %q, which is no path of the API", oneLine(l.URL))
	}
	seen := map[string]bool{}
	before, after, size := "", "", 0 // before and after: the last but one object, and the last
	for _, o := range l.Data {
		before, after, seen[o.ID] = after, o.ID, true
	}
	for more, strict := true, false; more; {
		var page decodedPage
		var body []byte
		err := c.get(ctx, nestedRequest(address, c.limit, after), func(got *reply) (err error) {
			body = got.body
			if came := got.version(); version == "" || came != APIVersion {
				version = came
			}
			if page, err = decodePage(got.body, c.limit); err != nil {
				return err
			}
			if page.endless() && strict {
				return errEndless
			}
			return checkAdvances(page.objects, seen)
		})
		if err == nil && page.endless() {
			var over bool
			if over, err = c.nestedEnded(ctx, address, before, seen); err == nil && !over {
				strict = true
				continue
			}
			page, body = decodedPage{}, []byte(`{"object":"list","data":[],"has_more":false}`)
		}
		if err != nil {
			return nil, "", err
		}
		for _, o := range page.objects {
			before, after, seen[o.ID] = after, o.ID, true
		}
		if size += len(body); size > maxObject {
			return nil, "", fmt.Errorf("the list has over %d MiB after %d pages, more than one may have", maxObject>>20, len(pages)+1)
		}
		pages, more, strict = append(pages, body), page.hasMore, false
	}
	return pages, version, nil
}

// nestedEnded reports whether a nested list that says has_more with no data has
// really ended. It has if a request from one object earlier brings only objects
// that are already known.
func (c *Client) nestedEnded(ctx context.Context, address *url.URL, before string, seen map[string]bool) (over bool, err error) {
	err = c.get(ctx, nestedRequest(address, c.limit, before), func(got *reply) error {
		page, err := decodePage(got.body, c.limit)
		unknown := slices.ContainsFunc(page.objects, func(o Object) bool { return !seen[o.ID] })
		over = len(page.objects) > 0 && !unknown
		return err
	})
	return over, err
}

// checkAdvances refuses a page that holds an object of an earlier page, or one
// object twice (Invariant 8).
func checkAdvances(page []Object, seen map[string]bool) error {
	here := map[string]bool{}
	for _, o := range page {
		if o.ID == "" || seen[o.ID] || here[o.ID] {
			return errors.New("the list does not advance")
		}
		here[o.ID] = true
	}
	return nil
}

func nestedRequest(address *url.URL, limit int, after string) request {
	q := &form.Values{}
	for _, name := range slices.Sorted(maps.Keys(address.Query())) {
		if slices.Contains([]string{"limit", "starting_after", "ending_before"}, name) {
			continue // the caller says where to continue
		}
		for _, value := range address.Query()[name] {
			q.Add(name, value)
		}
	}
	q.Add("limit", strconv.Itoa(limit))
	if after != "" {
		q.Add("starting_after", after)
	}
	// The path as it was sent, but for a + in an id, which Stripe would read as a blank.
	path := strings.ReplaceAll(address.EscapedPath(), "+", "%2B")
	parts := strings.Split(path, "/")
	subject := strings.ReplaceAll(parts[len(parts)-1], "_", " ")
	if len(parts) > 4 {
		parts[3] = ":id" // /v1/charges/:id/refunds
	}
	return request{endpoint: strings.Join(parts, "/"), path: path, query: q, subject: subject}
}

// JoinNested returns an object with its nested lists complete. It appends the
// pages in more to the lists that the object embeds, and then those of lists
// inside these pages. Without more it returns the object itself.
func JoinNested(object, more []byte) []byte {
	var lists map[string][]nestedPage
	if len(more) == 0 || json.Unmarshal(more, &lists, lenientJSON) != nil {
		return object
	}
	for before := -1; len(lists) > 0 && len(lists) != before; {
		before = len(lists)
		object = joinPages(object, lists)
	}
	return object
}

// nestedPage is a further page of a nested list.
type nestedPage struct {
	Data    []jsontext.Value `json:"data"`
	HasMore bool             `json:"has_more"`
}

// joinPages inserts the pages of those lists that are in the object, and
// removes them from lists.
func joinPages(object []byte, lists map[string][]nestedPage) []byte {
	var wanted []string
	for pointer := range lists {
		wanted = append(wanted, pointer+"/data", pointer+"/has_more")
	}
	found := findSpans(object, wanted...)
	type edit struct {
		span
		text []byte
	}
	var edits []edit
	for pointer, pages := range lists {
		data, flag := found[pointer+"/data"], found[pointer+"/has_more"]
		if data.end == 0 || flag.end == 0 || len(pages) == 0 {
			continue
		}
		delete(lists, pointer)
		at := data.end - 1 // before the bracket
		comma := !bytes.HasSuffix(bytes.TrimRight(object[:at], " \t\r\n"), []byte("["))
		var text []byte
		for _, page := range pages {
			for _, element := range page.Data {
				if comma {
					text = append(text, ',')
				}
				text, comma = append(text, element...), true
			}
		}
		edits = append(edits, edit{span{at, at}, text}, edit{flag, strconv.AppendBool(nil, pages[len(pages)-1].HasMore)})
	}
	slices.SortFunc(edits, func(a, b edit) int { return a.start - b.start })
	var joined []byte
	done := 0
	for _, e := range edits {
		joined = append(append(joined, object[done:e.start]...), e.text...)
		done = e.end
	}
	return append(joined, object[done:]...)
}

// lenientJSON accepts what newDecoder accepts.
var lenientJSON = json.JoinOptions(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))

// span is [start, end) in bytes.
type span struct{ start, end int }

// findSpans finds the values of an object that JSON Pointers lead to. It
// records nothing about the other values: an object of some megabytes may have
// a million of them, each nested thousands deep.
func findSpans(raw []byte, pointers ...string) map[string]span {
	root := &pointerNode{}
	for _, p := range pointers {
		root.add(jsontext.Pointer(p))
	}
	found := map[string]span{}
	_ = root.find(newDecoder(raw), found) // of bytes that are not JSON it finds the values before the fault
	return found
}

// pointerNode is a node of the tree of the JSON Pointers that are looked for.
type pointerNode struct {
	pointer string // the JSON Pointer that ends here, if one does
	wanted  bool
	below   map[string]*pointerNode // by member name or index
}

func (p *pointerNode) add(to jsontext.Pointer) {
	for token := range to.Tokens() {
		if p.below == nil {
			p.below = map[string]*pointerNode{}
		}
		if p.below[token] == nil {
			p.below[token] = &pointerNode{}
		}
		p = p.below[token]
	}
	p.pointer, p.wanted = string(to), true
}

// find reads the next value, which stands at p.
func (p *pointerNode) find(dec *jsontext.Decoder, found map[string]span) error {
	kind := dec.PeekKind()
	if p.below == nil || kind != '{' && kind != '[' {
		value, err := dec.ReadValue()
		if err != nil {
			return err
		}
		p.note(int(dec.InputOffset())-len(value), dec, found)
		return nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	start := int(dec.InputOffset()) - 1
	for i := 0; dec.PeekKind() != '}' && dec.PeekKind() != ']'; i++ {
		name := ""
		if kind == '{' {
			token, err := dec.ReadToken()
			if err != nil {
				return err
			}
			name = token.String()
		} else {
			name = strconv.Itoa(i)
		}
		err := error(nil)
		if next := p.below[name]; next != nil {
			err = next.find(dec, found)
		} else {
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	p.note(start, dec, found)
	return nil
}

func (p *pointerNode) note(start int, dec *jsontext.Decoder, found map[string]span) {
	if p.wanted {
		found[p.pointer] = span{start, int(dec.InputOffset())}
	}
}
