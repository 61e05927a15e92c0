package stripesim

// A customer is stored as a time and a market. Everything else follows from the
// dice.
type customer struct {
	created    int64
	deleted    int64 // 0 if not deleted
	market     uint8
	subscriber bool // has or had a subscription
	delinquent bool // and did not pay for it
	quiet      bool // has not given an address or a phone number
}

// importedPercent of the customers came from an older shop in one import: many
// in the same second, right at the start.
const (
	importedPercent   = 4
	importedPerSecond = 12
)

func newCustomers(cfg Config, tl timeline) []customer {
	r := streamCustomers.rand(cfg.Seed)
	n := max(1, cfg.Charges*35/100)
	imported := max(1, n*importedPercent/100)
	times := make([]int64, imported, n)
	for i := range times {
		times[i] = min(tl.from+int64(i/importedPerSecond), tl.to-1)
	}
	for _, at := range tl.draw(r, n-imported, 2) {
		times = append(times, max(at, times[imported-1]))
	}
	customers := make([]customer, n)
	for i, at := range times {
		customers[i] = customer{created: at, market: pickMarket(r, tl.progress(at))}
	}
	return customers
}

// A person is a first or last name, and its form in an e-mail address.
type person struct{ name, mail string }

var firstNames = [...]person{
	{"Ada", "ada"},
	{"Björn", "bjorn"},
	{"Chloé", "chloe"},
	{"Dev", "dev"},
	{"Emma", "emma"},
	{"Farid", "farid"},
	{"Grace", "grace"},
	{"Hugo", "hugo"},
	{"Inés", "ines"},
	{"Jonas", "jonas"},
	{"Keiko", "keiko"},
	{"Liam", "liam"},
	{"Mia", "mia"},
	{"Noah", "noah"},
	{"Olga", "olga"},
	{"Priya", "priya"},
	{"Quinn", "quinn"},
	{"Rosa", "rosa"},
	{"Søren", "soren"},
	{"Tariq", "tariq"},
	{"Uma", "uma"},
	{"Violet", "violet"},
	{"Wei", "wei"},
	{"Zoë", "zoe"},
	{"美咲", "misaki"},
	{"نور", "nour"},
}

var lastNames = [...]person{
	{"Andersen", "andersen"},
	{"Baker", "baker"},
	{"Çelik", "celik"},
	{"Dubois", "dubois"},
	{"Evans", "evans"},
	{"Fischer", "fischer"},
	{"García", "garcia"},
	{"Hughes", "hughes"},
	{"Ito", "ito"},
	{"Jansen", "jansen"},
	{"Kowalski", "kowalski"},
	{"Lindqvist", "lindqvist"},
	{"Müller", "muller"},
	{"Nguyen", "nguyen"},
	{"O’Brien", "obrien"},
	{"Papadopoulos", "papadopoulos"},
	{"Rossi", "rossi"},
	{"Smith", "smith"},
	{"Þórsdóttir", "thorsdottir"},
	{"Walker", "walker"},
	{`"Ace" Young`, "young"},
	{"de la Cruz", "delacruz"},
}

var streets = [...]string{"Mill Road", "Hauptstraße", "Rue de l’Église", "Kerkstraat", "Queen Street", "Elm Avenue", "Storgatan", "Station Lane"}

// What the dice decide.
const (
	dFirst uint64 = iota + 1
	dLast
	dStreet
	dHouse
	dPlace
	dPhone
	dAddress
	dShipping
	dLocale
	dMetadata
	dBrand
	dLast4
	dExpiry
	dFunding
	dFingerprint
	dWallet
	dTaxExempt
	dIntroduced
	dAfterwards
	dTiers
	dChosen
	dDisputeFee
	dEvidence
	dReason
	dBasket
	dSession
	dVariant = 1000 // and higher: it was added last, and the others also use their number plus hundreds
)

func (b *business) diceOf(kind idKind, n int) dice {
	return dice(mix(b.ids.key ^ uint64(kind)<<40 ^ uint64(n)))
}

func (d dice) first() person { return firstNames[d.n(dFirst, len(firstNames))] }
func (d dice) last() person  { return lastNames[d.n(dLast, len(lastNames))] }

func (d dice) appendName(b []byte) []byte {
	b = append(b, d.first().name...)
	b = append(b, ' ')
	return append(b, d.last().name...)
}

// appendEmail appends an address that is unique for each customer, at
// example.com, which receives no mail.
func (d dice) appendEmail(b []byte, n int) []byte {
	b = append(b, d.first().mail...)
	b = append(b, '.')
	b = append(b, d.last().mail...)
	b = append(b, '.')
	b = appendInt(b, int64(n+1))
	return append(b, "@example.com"...)
}
