package stripesim

import (
	"net/http"
	"net/url"
	"slices"
	"sync"
)

// furtherNames are the lists beyond the six of resourceNames, sorted. All of
// them are derived from the same records when somebody asks, so a server
// starts as fast without them.
var furtherNames = []string{
	"application_fees", "checkout/sessions", "coupons", "credit_notes", "disputes", "invoice_payments", "invoices", "payment_intents", "payouts", "products", "promotion_codes",
	"setup_intents", "transfers",
}

// FurtherLists returns the names of the lists beyond the six, as in the path.
func FurtherLists() []string { return slices.Clone(furtherNames) }

// A further holds what is derived for the lists beyond the six, each part at
// its first use. A mutation makes a new one.
type further struct {
	lists map[string]func() *resource
	moved func() map[record][]int32

	products   func() map[int32]product
	coupons    func() []coupon
	promotions func() []promotion
	invoices   func() roll
	intents    func() roll
	abandoned  func() []charge
	sessions   func() roll
	setups     func() roll
	credits    func() roll
}

// deriveFurther returns the lists of the business as it is now.
func (b *business) deriveFurther() further {
	f := further{moved: sync.OnceValue(b.movements), lists: map[string]func() *resource{
		"coupons": b.couponList, "disputes": b.disputeList, "payouts": b.payoutList,
		"invoices": b.invoiceList, "invoice_payments": b.invoicePayments,
		"payment_intents": b.intentList, "checkout/sessions": b.sessionList, "setup_intents": b.setupList,
		"transfers": b.transferList, "application_fees": b.applicationFeeList, "credit_notes": b.creditNoteList,
		"products": b.productList, "promotion_codes": b.promotionList,
	}}
	f.invoices = sync.OnceValue(b.invoices)
	f.intents, f.abandoned = sync.OnceValue(b.intents), sync.OnceValue(b.abandonIntents)
	f.credits = sync.OnceValue(b.creditNotes)
	f.sessions, f.setups = sync.OnceValue(b.sessions), sync.OnceValue(b.setups)
	f.products, f.coupons, f.promotions = sync.OnceValue(b.catalogue), sync.OnceValue(b.offerCoupons), sync.OnceValue(b.promote)
	for name, derive := range f.lists {
		f.lists[name] = sync.OnceValue(derive)
	}
	return f
}

// list returns a list by its name in the path, or nil.
func (f *further) list(name string) *resource {
	if derive := f.lists[name]; derive != nil {
		return derive()
	}
	return nil
}

// movements returns the numbers of the balance transactions of each source but
// charges and refunds, which know their own.
func (b *business) movements() map[record][]int32 {
	moved := map[record][]int32{}
	for n := range b.txns {
		t := &b.txns[n]
		if kind := t.entry.source(); kind != idCharge && kind != idRefund {
			moved[record{kind, t.source}] = append(moved[record{kind, t.source}], int32(n))
		}
	}
	return moved
}

// movedUntil returns the balance transactions of a source that exist at a time.
func (b *business) movedUntil(kind idKind, n int, at int64) []int32 {
	moved := b.further.moved()[record{kind, int32(n)}]
	return slices.DeleteFunc(slices.Clone(moved), func(k int32) bool { return b.txns[k].created > at })
}

// listBelow pages a list that belongs to one object.
func (res *resource) listBelow(w *writer, id, below string, values url.Values) *apiError {
	n, ok := res.find(id)
	if !ok || res.created(n) > w.moment.exists || res.isNotFound(n, w.at) {
		return errNoSuch(http.StatusNotFound, res.object, id, "id")
	}
	return res.below[below](n).list(w, values)
}

// expands reports whether the request asked for a member that is not shown
// otherwise.
func (w *writer) expands(name string) bool { return slices.Contains(w.expanded, name) }

// refOr writes the id of record n, or the object itself where the request
// expands it.
func (w *writer) refOr(k string, name namer, n int32, render func(*writer, int)) {
	if n == none || !slices.Contains(w.expanded, k) {
		w.ref(k, name, n)
		return
	}
	outer := w.expanded
	w.expanded = nil // one level is enough for a reader of ids
	w.key(k)
	render(w, int(n))
	w.expanded = outer
}

// requestedVersion returns the API version that a request asks for. Stripe: the
// response has the shape of that version and repeats it in its header.
func requestedVersion(r *http.Request) (string, *apiError) {
	version := r.Header.Get("Stripe-Version")
	switch {
	case version == "":
		return Version, nil
	case !apiVersion.MatchString(version):
		return "", &apiError{status: http.StatusBadRequest, message: "Invalid Stripe API version: " + redactKeys(version)}
	}
	return version, nil
}
