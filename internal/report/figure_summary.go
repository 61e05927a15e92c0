package report

// summaryFigures returns the figures with the main numbers, and their
// sentences.
func summaryFigures() []figure {
	return []figure{
		{
			ID:    "summary",
			Title: "Pay later beside card",
			Lede:  "Shares are of successful payments, success is of attempts. Intervals are Wilson's, 95 %. Volume, basket and cost are in {currency}. With a provider chosen, the others are among the other methods.",
			Empty: "Nobody tried to pay in this selection.",
			Date:  "created",
			Columns: []column{
				{"paid", "Paid", "name"},
				{"attempts", "Attempts", "count"},
				{"success", "Success %", "rate"},
				{"success_low", "low", "rate"},
				{"success_high", "high", "rate"},
				{"total", "Payments", "count"},
				{"made", "of all", "count"},
				{"share", "Share %", "rate"},
				{"share_low", "low", "rate"},
				{"share_high", "high", "rate"},
				{"volume", "Volume {currency}", "money"},
				{"volume_share", "of volume %", "rate"},
				{"basket", "Basket {currency}", "money"},
				{"cost_rate", "Cost %", "rate"},
			},
			Findings: []finding{
				{"{summary.later.share} %", "of payments were {by}: {summary.later.total} of {summary.later.made} (95 % interval {summary.later.share_low} to {summary.later.share_high} %)."},
				{"{trend.second half.share} %", "was the share in the second half of the period (interval {trend.second half.share_low} to {trend.second half.share_high} %); in the first half it was {trend.first half.share} % ({trend.first half.share_low} to {trend.first half.share_high} %)."},
				{"{summary.later.volume_share} %", "of the volume in {currency} was {by}, in baskets of {summary.later.basket} {currency} on average; by card they are of {summary.card.basket} {currency}."},
				{"{summary.later.success} %", "of {summary.later.attempts} attempts succeeded (interval {summary.later.success_low} to {summary.later.success_high} %); by card {summary.card.success} % of {summary.card.attempts}."},
				{"{summary.later.cost_rate} %", "of the volume in {currency} is what it cost in fees; by card {summary.card.cost_rate} %."},
				{"{segments.pays later, basket above median, no add-on yet.customers}", "is how many customers pay later, with any provider, have a basket above the median and no add-on yet."},
			},
		},
		{
			ID:    "trend",
			Title: "Then and now",
			Lede:  "The period in two halves, cut on {middle}. Intervals that do not overlap tell of a change that is not chance.",
			Empty: "No payment succeeded in this selection.",
			Date:  "created",
			Columns: []column{
				{"half", "Half", "name"},
				{"total", "Payments", "count"},
				{"later", "Paid later", "count"},
				{"share", "Share %", "rate"},
				{"share_low", "low", "rate"},
				{"share_high", "high", "rate"},
			},
		},
	}
}
