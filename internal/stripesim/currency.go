package stripesim

// currency is an index into currencies.
type currency uint8

const (
	usd currency = iota
	eur
	gbp
	aud
	cad
	nzd
	sek
	jpy
	kwd
	isk
)

// A currencyFormat describes the amounts of one currency. Stripe: amounts are
// integers in minor units. JPY has no minor unit, KWD has three digits of which
// the last is 0, and ISK has two in the API although the króna has no cents.
type currencyFormat struct {
	code    string
	perUSD  int64    // minor units for 1,000 US cents, roughly; for price tags
	step    int64    // amounts are multiples of it
	settles currency // the bank account that it is paid out from
	rate    int64    // minor units of the settlement currency for one minor unit, in millionths
	feePct  int64    // Stripe's share of a card payment, in hundredths of a percent
}

var currencies = [...]currencyFormat{
	usd: {code: "usd", perUSD: 1000, step: 1, settles: usd, feePct: 290},
	eur: {code: "eur", perUSD: 920, step: 1, settles: eur, feePct: 150},
	gbp: {code: "gbp", perUSD: 790, step: 1, settles: gbp, feePct: 150},
	aud: {code: "aud", perUSD: 1520, step: 1, settles: aud, feePct: 170},
	cad: {code: "cad", perUSD: 1370, step: 1, settles: usd, rate: 728_500, feePct: 290},
	nzd: {code: "nzd", perUSD: 1650, step: 1, settles: usd, rate: 602_100, feePct: 290},
	sek: {code: "sek", perUSD: 10400, step: 100, settles: usd, rate: 95_820, feePct: 290},
	jpy: {code: "jpy", perUSD: 1500, step: 10, settles: usd, rate: 665_400, feePct: 360},
	kwd: {code: "kwd", perUSD: 3070, step: 10, settles: usd, rate: 325_210, feePct: 290},
	isk: {code: "isk", perUSD: 138000, step: 100, settles: usd, rate: 7_231, feePct: 290},
}

// String returns the code in lower case, as Stripe writes it.
func (c currency) String() string { return currencies[c].code }

// converts reports whether a payment in c is settled in another currency.
func (c currency) converts() bool { return currencies[c].settles != c }

// fromUSD converts a price in US cents to a usual price in c.
func (c currency) fromUSD(cents int64) int64 {
	return c.round(cents * currencies[c].perUSD / 1000)
}

// round rounds an amount down to a multiple of the currency's step, but not to
// zero.
func (c currency) round(amount int64) int64 {
	step := currencies[c].step
	return max(amount/step*step, step)
}

// rates holds the exchange rate into the settlement currency for every day.
type rates struct {
	from  int64
	daily [len(currencies)][]int64 // millionths
}

// newRates changes each rate at random by up to 0.4 % a day and 6 % in all, so
// that a refund is converted at another rate than its charge.
func newRates(seed int64, tl timeline) rates {
	r := streamRates.rand(seed)
	days := int((tl.to-tl.from)/day) + 1
	fx := rates{from: tl.from}
	for c := range currencies {
		base := currencies[c].rate
		rate := base
		fx.daily[c] = make([]int64, days)
		for d := range days {
			rate += rate * int64(r.IntN(9)-4) / 1000
			rate = max(base-base*6/100, min(base+base*6/100, rate))
			fx.daily[c][d] = rate
		}
	}
	return fx
}

// at returns the rate on a day in millionths, or 0 where nothing is converted.
func (fx rates) at(c currency, when int64) int64 {
	if !c.converts() {
		return 0
	}
	return fx.daily[c][min(int((when-fx.from)/day), len(fx.daily[c])-1)]
}

// convert converts minor units to minor units. Stripe: round(amount × rate),
// half away from zero. Rate 0 means no conversion.
func convert(amount, rate int64) int64 {
	if rate == 0 {
		return amount
	}
	if amount < 0 {
		return -convert(-amount, rate)
	}
	return (amount*rate + 500_000) / 1_000_000
}
