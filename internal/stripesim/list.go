package stripesim

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"sort"
)

// list writes one page, newest first.
func (res *resource) list(w *writer, values url.Values) *apiError {
	asked := *res
	asked.timeless = res.timeless || res.createdSince > w.version
	q, err := asked.parse(values, w.at)
	if err != nil {
		return err
	}
	if punctual := w.moment.late.matcher(res, w.moment.listed); punctual != nil {
		q.matchers = append(q.matchers, punctual)
	}
	lo, hi := res.window(q, w.moment.listed)
	page, more, err := res.page(q, lo, hi)
	if err != nil {
		return err
	}
	w.expand(q.expand)
	w.open('{')
	w.listed(len(page), more, func(i int) { res.render(w, page[i]) })
	w.str("url", "/v1/"+res.name)
	w.end()
	return nil
}

// findBy returns a find that looks through the ids of a short list.
func findBy(count int, id func(k int) string) func(wanted string) (int, bool) {
	return func(wanted string) (int, bool) {
		for k := range count {
			if id(k) == wanted {
				return k, true
			}
		}
		return 0, false
	}
}

// window returns the range [lo, hi) of the objects created inside the query's
// bounds and not after now.
func (res *resource) window(q query, now int64) (lo, hi int) {
	first := func(at int64) int { return sort.Search(res.count, func(n int) bool { return res.created(n) >= at }) }
	lo, hi = 0, res.count
	from := q.from
	if res.oldest != 0 {
		from = max(from, res.oldest)
	}
	if from > noCreated {
		lo = first(from)
	}
	if to := min(q.to, now); to < unsetNow {
		hi = first(to + 1)
	}
	return lo, max(lo, hi)
}

// page returns up to limit objects, newest first, and whether there are more in
// the direction of paging.
func (res *resource) page(q query, lo, hi int) (page []int, more bool, err *apiError) {
	first, step := hi-1, -1
	switch {
	case q.before != "":
		first, err = res.cursor(q, "ending_before", q.before, lo, hi)
		first, step = first+1, 1
	case q.after != "":
		first, err = res.cursor(q, "starting_after", q.after, lo, hi)
		first--
	}
	if err != nil {
		return nil, false, err
	}
	for n := first; n >= lo && n < hi; n += step {
		if !q.matches(n) {
			continue
		}
		if len(page) == q.limit {
			more = true
			break
		}
		page = append(page, n)
	}
	if step > 0 {
		slices.Reverse(page)
	}
	return page, more, nil
}

// cursor returns the number of the object that a page starts from. Stripe: the
// object must exist and still match the filters. This server also demands that
// it is inside the bounds of created. That is stricter than Stripe is known to
// be, but a client that breaks the rule has lost its position.
func (res *resource) cursor(q query, name, id string, lo, hi int) (int, *apiError) {
	n, ok := res.find(id)
	if ok && res.expired(n) {
		return 0, errExpired(http.StatusBadRequest, id, name)
	}
	if !ok || n < lo || n >= hi || !q.matches(n) {
		return 0, errNoSuch(http.StatusBadRequest, res.object, id, name)
	}
	return n, nil
}

// retrieve writes one object. Stripe: a deleted customer is a stub, a deleted
// price is not found.
func (res *resource) retrieve(w *writer, id string, values url.Values) *apiError {
	expand, err := res.expansions(values)
	if err != nil {
		return err
	}
	n, ok := res.find(id)
	if ok && res.expired(n) {
		return errExpired(http.StatusNotFound, id, "id")
	}
	if !ok || res.created(n) > w.moment.exists || res.isNotFound(n, w.at) {
		return errNoObject(res.object, id)
	}
	w.expand(expand)
	res.render(w, n)
	return nil
}

// expansions returns what expand[] names, which is the only parameter of one
// object that this server knows.
func (res *resource) expansions(values url.Values) (expand []string, err *apiError) {
	unknown := []string{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		refused := func(member string) bool { return !slices.Contains(res.expands, member) }
		if name == "expand[]" && !slices.ContainsFunc(values[name], refused) {
			expand = append(expand, values[name]...)
			continue
		}
		unknown = append(unknown, name)
	}
	if len(unknown) > 0 {
		return nil, errUnknownParams(unknown)
	}
	return expand, nil
}

// Object returns the JSON of one object as of Now, or nil if it does not exist
// yet. The name of the resource is the one in the path, such as charges. For a
// deleted customer it returns the stub that Stripe shows, for a deleted price
// nil.
func (s *Server) Object(resource, id string) []byte {
	s.state.RLock()
	defer s.state.RUnlock()
	res := s.resource(resource)
	if res == nil {
		return nil
	}
	n, ok := res.find(id)
	now := s.moment()
	if !ok || res.created(n) > now.exists || res.isNotFound(n, now.at) {
		return nil
	}
	return res.json(n, now.at)
}

// json renders object n by itself, as of at.
func (res *resource) json(n int, at int64) []byte {
	w := newWriter(viewOf(at))
	res.render(w, n)
	return w.buf
}
