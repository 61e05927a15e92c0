package report

// customerFigures returns the figures about the mart bnpl_customers.
func customerFigures() []figure {
	return []figure{
		{
			ID:    "flow",
			Title: "Do customers move?",
			Lede: "From the method of the first payment, left, to that of the last, right: customers who paid more than once. Dates choose them by their first payment, " +
				"a provider by either end. A customer who pays in two currencies counts in each.",
			Chart: "A flow diagram from the first method to the last, as wide as there are customers.",
			Empty: "No customer paid more than once in this selection.",
			Date:  "first_paid_at", Provider: "(first_method = {} OR last_method = {})",
			Columns: []column{{"began", "First method", "name"}, {"latest", "Last method", "name"}, {"customers", "Customers", "count"}, {"switched", "Who switched", "count"}},
		},
		{
			ID:    "repeat",
			Title: "Who comes back?",
			Lede: "Customers who paid more than once, by the method of their first payment. Dates choose them by that payment: " +
				"who began lately has had less time, so compare spans that lie back. A provider chosen stands beside card alone. Bars are 95 % intervals (Wilson).",
			Chart: "Points with intervals: the share of customers who came back, by their first method.",
			Empty: "No customer is known in this selection.",
			Date:  "first_paid_at", Provider: "(first_method = {} OR first_method = 'card')",
			Columns: []column{
				{"began", "First method", "name"},
				{"customers", "Customers", "count"},
				{"returned", "Came back", "count"},
				{"share", "Came back %", "rate"},
				{"share_low", "low", "rate"},
				{"share_high", "high", "rate"},
			},
		},
		{
			ID:    "segments",
			Title: "Whom to offer an add-on?",
			Lede: "Customers by segment, as of now; the median is of all customers in the currency. Dates choose by the first payment. The provider does not apply. " +
				"The mart bnpl_customers has them one by one.",
			Chart: "Bars: customers in each segment.",
			Empty: "No customer is known in this selection.",
			Date:  "first_paid_at",
			Columns: []column{
				{"segment", "Segment", "name"}, {"customers", "Customers", "count"}, {"share", "Share %", "rate"}, {"volume", "Volume {currency}", "money"},
			},
		},
	}
}
