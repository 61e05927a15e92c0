package stripesim

import "math/rand/v2"

// A method is a payment method.
type method uint8

const (
	methodCard method = iota
	methodKlarna
	methodAfterpay
	methodAffirm
	methodZip
	noMethod // nothing bought yet
)

// A provider describes a payment method. A capture can wait for up to holdDays
// days; 0 means that the method has no separate capture.
type provider struct {
	name       string
	feePct     int64 // hundredths of a percent; 0: the currency's card fee
	holdDays   int64
	failures   int // per mille
	refunds    int // per mille
	disputes   int // per mille
	refundDays int // how late a refund comes
}

var providers = [...]provider{
	methodCard:     {"card", 0, 7, 62, 62, 7, 40},
	methodKlarna:   {"klarna", 599, 28, 48, 105, 3, 45},
	methodAfterpay: {"afterpay_clearpay", 600, 13, 55, 150, 4, 50},
	methodAffirm:   {"affirm", 600, 30, 85, 55, 2, 110},
	methodZip:      {"zip", 495, 0, 70, 85, 6, 60},
}

// String is the type as in payment_method_details.
func (m method) String() string { return providers[m].name }

// bnpl reports whether the method is buy now, pay later. Stripe: such charges
// are py_, their refunds pyr_, and their balance transactions payment and
// payment_refund.
func (m method) bnpl() bool { return m != methodCard && m != noMethod }

// A methodShare is a method's share of the orders in one currency, in per
// mille, at the start and at the end of the business. A method that is
// launchedLate starts half-way. All other orders are paid by card.
type methodShare struct {
	currency     currency
	method       method
	early, late  int
	least, most  int64 // order value in US cents
	launchedLate bool
}

// methodShares is the story that the demo tells: instalments grow everywhere, Klarna
// in Europe above all; Afterpay overtakes Zip in Australia, which fades; Affirm
// takes the large baskets and opens in Canada half-way. Offered only where the
// provider is. Stripe: Affirm USD and CAD, 50 to 30,000; Afterpay AUD, CAD, NZD,
// GBP and USD; Zip AUD.
var methodShares = [...]methodShare{
	{currency: usd, method: methodAffirm, early: 200, late: 560, least: 12_000, most: 2_000_000},
	{currency: usd, method: methodKlarna, early: 20, late: 130, least: 1_000, most: 400_000},
	{currency: usd, method: methodAfterpay, early: 40, late: 110, least: 1_000, most: 200_000},
	{currency: eur, method: methodKlarna, early: 90, late: 400, least: 1_000, most: 400_000},
	{currency: gbp, method: methodKlarna, early: 50, late: 240, least: 1_000, most: 400_000},
	{currency: gbp, method: methodAfterpay, early: 50, late: 110, least: 1_000, most: 100_000},
	{currency: aud, method: methodAfterpay, early: 110, late: 340, least: 1_000, most: 200_000},
	{currency: aud, method: methodZip, early: 120, late: 35, least: 2_000, most: 300_000},
	{currency: aud, method: methodKlarna, early: 10, late: 30, least: 2_000, most: 200_000},
	{currency: cad, method: methodAffirm, late: 380, least: 12_000, most: 2_000_000, launchedLate: true},
	{currency: cad, method: methodAfterpay, early: 25, late: 80, least: 1_000, most: 150_000},
	{currency: cad, method: methodKlarna, early: 10, late: 35, least: 1_000, most: 200_000},
	{currency: nzd, method: methodAfterpay, early: 90, late: 220, least: 1_000, most: 150_000},
	{currency: sek, method: methodKlarna, early: 180, late: 480, least: 500, most: 400_000},
}

func (s *methodShare) offered(c currency, cents int64, progress int) bool {
	return s.currency == c && cents >= s.least && cents <= s.most && (!s.launchedLate || progress >= 500)
}

func (s *methodShare) permille(progress int) int {
	return s.early + (s.late-s.early)*progress/1000
}

// pickMethod draws how an order is paid. Who paid in instalments before mostly
// does so again.
func pickMethod(r *rand.Rand, c currency, cents int64, progress int, last method) method {
	loyal, roll := percent(r, 60), r.IntN(1000)
	picked := methodCard
	for i := range methodShares {
		s := &methodShares[i]
		if !s.offered(c, cents, progress) {
			continue
		}
		if loyal && s.method == last {
			return last
		}
		if roll -= s.permille(progress); roll < 0 && picked == methodCard {
			picked = s.method
		}
	}
	return picked
}

// klarnaCategories are the values of payment_method_category. Stripe: pay_now
// is Klarna too, but no credit.
var klarnaCategories = [...]string{"pay_later", "pay_in_installments", "pay_with_financing", "pay_now"}

// pickKlarnaCategory draws an index into klarnaCategories. Habits differ by
// country.
func pickKlarnaCategory(r *rand.Rand, country string, cents int64) uint8 {
	weights := [4]int{48, 34, 6, 12}
	switch country {
	case "DE", "SE", "NL":
		weights = [4]int{46, 16, 8, 30}
	case "US", "CA", "AU":
		weights = [4]int{12, 62, 16, 10}
	}
	if cents >= 40_000 {
		weights[2] += 30
	}
	roll := r.IntN(weights[0] + weights[1] + weights[2] + weights[3])
	for i, w := range weights {
		if roll -= w; roll < 0 {
			return uint8(i)
		}
	}
	return 0
}
