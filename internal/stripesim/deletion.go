package stripesim

// deleteCustomers deletes customers, if Config.Deletions says so: some of those who
// never subscribed, after their last charge. Stripe: their charges stay, and
// keep the id.
func (b *business) deleteCustomers() {
	if b.cfg.Deletions == 0 {
		return
	}
	last := make([]int64, len(b.customers))
	for n := range b.charges {
		if c := &b.charges[n]; c.customer != none {
			last[c.customer] = c.created
		}
	}
	r := streamDeletions.rand(b.cfg.Seed)
	for n := range b.customers {
		c := &b.customers[n]
		at := max(c.created, last[n]) + hour + r.Int64N(60*day)
		if permille(r, b.cfg.Deletions) && !c.subscriber && at < b.tl.to {
			c.deleted = at
		}
	}
}

// isCustomerDeleted says whether a customer is deleted by at.
func (b *business) isCustomerDeleted(n int, at int64) bool {
	deleted := b.customers[n].deleted
	return deleted > 0 && deleted <= at
}

// isPriceDeleted says whether a price is deleted by at.
func (b *business) isPriceDeleted(n int, at int64) bool {
	deleted := b.prices[n].deleted
	return deleted > 0 && deleted <= at
}

// renderDeleted is all that Stripe shows of a deleted customer.
func (b *business) renderDeleted(w *writer, n int) {
	w.open('{')
	w.ref("id", b.appendCustomerID, int32(n))
	w.str("object", "customer")
	w.bool("deleted", true)
	w.end()
}
