package stripesim

// deleteCustomers deletes some customers who never subscribed, after their last
// charge, if Config.Deletions says so. Stripe: their charges stay, and keep the
// customer's id.
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

// isCustomerDeleted reports whether a customer is deleted at a time.
func (b *business) isCustomerDeleted(n int, at int64) bool {
	deleted := b.customers[n].deleted
	return deleted > 0 && deleted <= at
}

// isPriceDeleted reports whether a price is deleted at a time.
func (b *business) isPriceDeleted(n int, at int64) bool {
	deleted := b.prices[n].deleted
	return deleted > 0 && deleted <= at
}

// renderDeleted writes the stub that Stripe shows of a deleted customer.
func (b *business) renderDeleted(w *writer, n int) {
	w.open('{')
	w.ref("id", b.appendCustomerID, int32(n))
	w.str("object", "customer")
	w.bool("deleted", true)
	w.end()
}
