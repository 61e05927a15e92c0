package extract

import (
	"context"
	"strings"
	"time"

	"github.com/stripe/stripe-go/v76/form"
)

// Restricted reports whether the key is a restricted one (rk_), which can do
// only what it was given permission for. A secret key (sk_) can do everything.
func (c *Client) Restricted() bool { return strings.HasPrefix(c.key, "rk_") }

// Rates are limits in requests a second.
type Rates struct {
	All      float64 `json:"all"`      // of this client in total
	Endpoint float64 `json:"endpoint"` // of this client at any one list
}

// Rates returns the highest rates at which the client may send.
func (c *Client) Rates() Rates {
	return Rates{All: c.limiter.limits.all, Endpoint: c.limiter.limits.endpoint}
}

// Ask sends the smallest request for a stream to find out whether the key may read it.
// It returns the API version of the answer. Errors are those of [Client.Pages].
func (c *Client) Ask(ctx context.Context, res Resource) (version string, err error) {
	ask := res.request(&form.Values{})
	ask.query.Add("limit", "1")
	err = c.get(ctx, ask, func(got *reply) error {
		version = got.header.Get("Stripe-Version")
		_, err := decodePage(got.body, c.limit)
		return err
	})
	return version, err
}

// Span is a part of one of a stream's lists: [From, To) in created, UTC. A zero
// From is the beginning.
type Span struct {
	Variant  string // of the list; see [Resource]
	From, To time.Time
	Again    bool // it was already read once
}

// Ahead returns the spans that a run of [Client.Pages] would list at the given time by
// Stripe's clock, in its order. It returns no span if there is nothing to list.
func (c Cursor) Ahead(res Resource, r Range, now time.Time) ([]Span, error) {
	p, err := c.decode()
	if err != nil {
		return nil, err
	}
	if res.Name == Events().Name {
		p.expire(now.Unix())
	}
	p.widen(r, res.Variants)
	spans := p.drained(res.Variants, r)
	if len(p.Windows) > 0 || !r.before(p.High) || p.From != nil && !r.before(*p.From) {
		return spans, nil
	}
	p.openAt(now.Unix(), r, res)
	return append(spans, p.drained(res.Variants, r)...), nil
}

// drained returns the open windows inside the range as spans, and changes p as if they
// were read.
func (p *progress) drained(variants []string, r Range) []Span {
	var spans []Span
	for _, variant := range variants {
		for _, w := range p.within(variant, r) {
			s := Span{Variant: variant, To: time.Unix(w.LT, 0).UTC(), Again: w.Again}
			if w.Last != nil {
				s.To = time.Unix(min(w.LT, *w.Last+1), 0).UTC()
			}
			if w.GTE != nil {
				s.From = time.Unix(*w.GTE, 0).UTC()
			}
			spans = append(spans, s)
			p.advance(w, nil)
		}
	}
	return spans
}
