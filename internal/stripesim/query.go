package stripesim

import (
	"maps"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// A query is a parsed and checked list request.
type query struct {
	limit    int
	after    string // starting_after
	before   string // ending_before
	from, to int64  // created, both inclusive
	matchers []matcher
	expand   []string // without the data. of a list
	at       int64    // the time whose state the filters look at
}

const (
	defaultLimit = 10
	maxLimit     = 100
)

// parse reads the parameters of a list in a fixed order, so that a request with
// several mistakes always gets the same answer.
func (res *resource) parse(values url.Values, at int64) (query, *apiError) {
	q := query{limit: defaultLimit, from: math.MinInt64, to: math.MaxInt64, at: at}
	if res.deleted != nil {
		q.matchers = append(q.matchers, func(n int) bool { return !res.deleted(n, at) })
	}
	var unknown []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		value := values[name][len(values[name])-1]
		known, err := q.set(res, name, value)
		for _, more := range values[name][:len(values[name])-1] {
			if name == "expand[]" && err == nil {
				err = q.setExpand(res, more)
			}
		}
		if isTypes(name) && res.name == "events" {
			known, err = true, q.setTypes(res, values)
		}
		if err != nil {
			return q, err
		}
		if !known {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return q, errUnknownParams(unknown)
	}
	if q.after != "" && q.before != "" {
		return q, errParam("parameters_exclusive", "ending_before",
			"Received both starting_after and ending_before parameters. Please pass in only one.")
	}
	if res.name == "subscriptions" && !values.Has("status") {
		return q, q.filter(res, param{name: "status"}, "")
	}
	return q, nil
}

func (q *query) set(res *resource, name, value string) (known bool, err *apiError) {
	if value == "" {
		return true, errParam("parameter_invalid_empty", name, "You passed an empty string for '"+name+
			"'. We assume empty values are an attempt to unset a parameter; however '"+name+"' cannot be unset.")
	}
	switch name {
	case "limit":
		return true, q.setLimit(value)
	case "starting_after":
		q.after = value
		return true, nil
	case "ending_before":
		q.before = value
		return true, nil
	case "expand[]", "expand", "expand[0]":
		return true, q.setExpand(res, value)
	case "created", "created[gt]", "created[gte]", "created[lt]", "created[lte]":
		if !res.timeless {
			return true, q.setCreated(name, value)
		}
	}
	for _, p := range res.params {
		if p.name == name {
			return true, q.filter(res, p, value)
		}
	}
	return false, nil
}

// setExpand adds a member to expand. Stripe: in a list its name begins with
// data.
func (q *query) setExpand(res *resource, value string) *apiError {
	name, ok := strings.CutPrefix(value, "data.")
	if !ok || !slices.Contains(res.expands, name) {
		return errParam("", "expand", "This property cannot be expanded ("+redactKeys(value)+").")
	}
	q.expand = append(q.expand, name)
	return nil
}

func (q *query) setLimit(value string) *apiError {
	n, err := strconv.Atoi(value)
	switch {
	case err != nil:
		return errInteger("limit", "Invalid integer: "+redactKeys(value))
	case n < 1:
		return errInteger("limit", "This value must be greater than or equal to 1.")
	case n > maxLimit:
		return errInteger("limit", "This value must be less than or equal to 100.")
	}
	q.limit = n
	return nil
}

// setCreated narrows the range of created. Several bounds apply together.
func (q *query) setCreated(name, value string) *apiError {
	at, err := strconv.ParseInt(value, 10, 64)
	if err != nil || at <= math.MinInt64+1 || at == math.MaxInt64 {
		return errInteger(name, "Invalid integer: "+redactKeys(value))
	}
	switch name {
	case "created":
		q.from, q.to = max(q.from, at), min(q.to, at)
	case "created[gt]":
		q.from = max(q.from, at+1)
	case "created[gte]":
		q.from = max(q.from, at)
	case "created[lt]":
		q.to = min(q.to, at-1)
	case "created[lte]":
		q.to = min(q.to, at)
	}
	return nil
}

// filter adds a filter. Stripe: an id that does not exist is an error, not an
// empty list.
func (q *query) filter(res *resource, p param, value string) *apiError {
	if err := p.check(value); err != nil && value != "" {
		return err
	}
	m, ok := res.match(p.name, value, q.at)
	if !ok {
		return errNoSuch(http.StatusBadRequest, p.object, value, p.name)
	}
	q.matchers = append(q.matchers, m)
	return nil
}

func (q *query) matches(n int) bool {
	for _, m := range q.matchers {
		if !m(n) {
			return false
		}
	}
	return true
}
