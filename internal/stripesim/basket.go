package stripesim

// A basketLine is one thing that an order is made of. Its unit price is before
// discount and tax.
type basketLine struct {
	name, code    string
	quantity      int64
	unit          int64 // minor units
	discount, tax int64 // of the whole line
}

func (l *basketLine) subtotal() int64 { return l.quantity * l.unit }

// longBaskets is the share of the orders with more lines than are embedded: one
// of so many.
const longBaskets = 12

// basketOf divides the amount of an order into lines, whose totals add up to
// it.
func (d dice) basketOf(amount int64) []basketLine {
	count := 1 + d.n(dBasket, 4)
	if d.oneIn(dBasket+100, longBaskets) {
		count = embeddedItems + 1 + d.n(dBasket+200, 5)
	}
	if amount < int64(100*count) {
		count = 1
	}
	lines, left := make([]basketLine, count), amount
	for i := range lines {
		l := &lines[i]
		kind := d.n(dBasket+uint64(300+i), len(productNames))
		l.name, l.code, l.quantity = productNames[kind], "SKU-"+string(appendDigits(nil, kind, 3)), 1
		share := left
		if i < count-1 {
			l.quantity = int64(1 + d.n(dBasket+uint64(400+i), 3))
			share = left / int64(count-i) / l.quantity * l.quantity
		}
		left -= share
		if l.tax = 0; d.oneIn(dBasket+500, 3) && l.quantity == 1 {
			l.tax = share / 6
		}
		if d.oneIn(dBasket+uint64(600+i), 5) && l.quantity == 1 {
			l.discount = share / 10
		}
		l.unit = (share - l.tax + l.discount) / l.quantity
	}
	return lines
}

// basketSums returns what the lines of a basket add up to.
func basketSums(lines []basketLine) (subtotal, discount, tax int64) {
	for i := range lines {
		subtotal, discount, tax = subtotal+lines[i].subtotal(), discount+lines[i].discount, tax+lines[i].tax
	}
	return subtotal, discount, tax
}
