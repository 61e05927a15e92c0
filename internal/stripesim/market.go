package stripesim

import "math/rand/v2"

// A market is a country that the shop sells to.
type market struct {
	country  string
	currency currency
	locale   string // as in a customer's preferred_locales
	dialling string
	early    int // weight among new customers at the start of the business …
	late     int // … and at its end
	places   [3]city
}

type city struct{ city, postal, state string }

var markets = [...]market{
	{"US", usd, "en-US", "+1", 40, 34, [3]city{{"Portland", "97205", "OR"}, {"Austin", "78701", "TX"}, {"Brooklyn", "11201", "NY"}}},
	{"DE", eur, "de-DE", "+49", 11, 13, [3]city{{"Köln", "50667", ""}, {"Berlin", "10115", ""}, {"Leipzig", "04109", ""}}},
	{"FR", eur, "fr-FR", "+33", 5, 6, [3]city{{"Lyon", "69001", ""}, {"Paris", "75011", ""}, {"Nîmes", "30000", ""}}},
	{"NL", eur, "nl-NL", "+31", 4, 5, [3]city{{"Utrecht", "3511 AB", ""}, {"Rotterdam", "3011 BD", ""}, {"’s-Hertogenbosch", "5211 CC", ""}}},
	{"GB", gbp, "en-GB", "+44", 14, 14, [3]city{{"Bristol", "BS1 4DJ", ""}, {"London", "E1 6AN", ""}, {"Leeds", "LS1 1UR", ""}}},
	{"AU", aud, "en-AU", "+61", 11, 12, [3]city{{"Melbourne", "3000", "VIC"}, {"Sydney", "2000", "NSW"}, {"Perth", "6000", "WA"}}},
	{"CA", cad, "en-CA", "+1", 4, 5, [3]city{{"Montréal", "H2X 1Y4", "QC"}, {"Toronto", "M5V 2T6", "ON"}, {"Vancouver", "V6B 1A1", "BC"}}},
	{"NZ", nzd, "en-NZ", "+64", 2, 2, [3]city{{"Wellington", "6011", ""}, {"Auckland", "1010", ""}, {"Dunedin", "9016", ""}}},
	{"SE", sek, "sv-SE", "+46", 3, 4, [3]city{{"Malmö", "211 22", ""}, {"Göteborg", "411 03", ""}, {"Umeå", "903 26", ""}}},
	{"JP", jpy, "ja-JP", "+81", 3, 3, [3]city{{"東京都千代田区", "100-0001", ""}, {"大阪市", "530-0001", ""}, {"札幌市", "060-0001", ""}}},
	{"KW", kwd, "ar-KW", "+965", 2, 1, [3]city{{"الكويت", "13001", ""}, {"Hawalli", "32001", ""}, {"Salmiya", "22001", ""}}},
	{"IS", isk, "is-IS", "+354", 1, 1, [3]city{{"Reykjavík", "101", ""}, {"Akureyri", "600", ""}, {"Höfn", "780", ""}}},
}

// pickMarket draws the country of a new customer. The mix changes with
// progress.
func pickMarket(r *rand.Rand, progress int) uint8 {
	total := 0
	for i := range markets {
		total += markets[i].weight(progress)
	}
	roll := r.IntN(total)
	for i := range markets {
		if roll -= markets[i].weight(progress); roll < 0 {
			return uint8(i)
		}
	}
	return 0
}

func (m *market) weight(progress int) int { return m.early*(1000-progress) + m.late*progress }
