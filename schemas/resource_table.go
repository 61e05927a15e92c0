package schemas

// customerRef is the path to the person to whom an object belongs.
var customerRef = Ref{Path: "customer", To: []string{"customers"}}

// listed are the resources, in the order of reading and of output.
//
// Stripe: the default list of subscriptions hides canceled ones, and a cursor object
// that is canceled during the walk would drop out of it. The default list of prices is
// documented as the active ones and observed as all of them, so both kinds are
// requested. Stripe sends the tiers of a price, its amounts in further currencies, and
// the products to which a coupon is limited only on request. The API describes a
// deleted shape only for customers and prices. No list shows a price that was made
// inline, for one subscription, nor customers and subscriptions on a test clock.
//
// Stripe: the object of an event is determined by the kind of object that it holds, not
// by its type: charge.dispute.* holds a dispute and charge.refund.updated a refund.
// Before 2024-10-28 a refund of a charge caused only charge.refunded. A discount, a
// payment source or a tax id that changes a customer causes no customer.updated. A
// discount of a subscription is embedded in it and names it; whether
// customer.subscription.updated comes as well is not documented.
var listed = []Resource{
	{
		Name: "charges", Object: "charge", IDs: []string{"ch", "py"},
		List: Listing{Path: "/v1/charges", Variants: []string{""}},
		ChangedBy: []Touch{
			{Object: "charge", ID: "id"},
			{Object: "refund", ID: "charge"},
			{Object: "dispute", ID: "charge"},
			{Object: "review", ID: "charge"},
		},
		Owner: Owner{BelongsTo: []Ref{customerRef}},
		Brings: []Ref{
			{Path: "balance_transaction", To: []string{"balance_transactions"}},
			{Path: "failure_balance_transaction", To: []string{"balance_transactions"}},
			{Path: "payment_intent"},
			{Path: "dispute", To: []string{"disputes"}}, // the newest one only
			{Path: "refunds.data[].id", To: []string{"refunds"}},
		},
		LateColumns: []string{"failure_balance_transaction_id"},
		Transaction: true,
	},
	{
		Name: "subscriptions", Object: "subscription",
		List: Listing{Path: "/v1/subscriptions", Variants: []string{"status=all"}, Expand: []string{"discount.coupon.applies_to"}, Hidden: true},
		ChangedBy: []Touch{
			{Object: "subscription", ID: "id"},
			{Object: "discount", ID: "subscription"},
		},
		Mentions: []Ref{{Path: "items.data[].price", To: []string{"prices"}}},
		Embeds:   []string{"prices"},
		Owner:    Owner{BelongsTo: []Ref{customerRef}},
	},
	{
		Name: "refunds", Object: "refund", IDs: []string{"re", "pyr"},
		List: Listing{Path: "/v1/refunds", Variants: []string{""}},
		ChangedBy: []Touch{
			{Object: "refund", ID: "id"},
			{Object: "charge", ID: "refunds.data[].id"},
			{Object: "charge", ID: "refunds[].id"}, // an array before 2014-06-17
			{Object: "charge", Types: "charge.refund", ID: "id", Filter: "charge"},
		},
		Owner: Owner{BelongsTo: []Ref{
			{Path: "charge", To: []string{"charges"}},
			{Path: "payment_intent", To: []string{"charges"}, Filter: "payment_intent"},
			customerRef,
		}},
		Brings: []Ref{
			{Path: "balance_transaction", To: []string{"balance_transactions"}},
			{Path: "failure_balance_transaction", To: []string{"balance_transactions"}},
		},
		LateColumns: []string{"failure_balance_transaction_id"},
	},
	{
		// Stripe: a pending balance transaction becomes available at available_on,
		// without an event. Its source is a charge, a refund or a dispute, or else
		// money of the account itself.
		Name: "balance_transactions", Object: "balance_transaction",
		List:   Listing{Path: "/v1/balance_transactions", Variants: []string{""}},
		Silent: true, Due: Due{Path: "status", Is: "pending", At: "available_on"},
		Owner:         Owner{BelongsTo: []Ref{{Path: "source", To: []string{"charges", "refunds", "disputes"}}}},
		MadeWhenNamed: true,
	},
	{
		Name: "customers", Object: "customer",
		List:      Listing{Path: "/v1/customers", Variants: []string{""}, Expand: []string{"discount.coupon.applies_to"}, Hidden: true},
		Deletable: true,
		ChangedBy: []Touch{
			{Object: "customer", ID: "id"},
			{Not: "subscription", Types: "customer.", ID: "customer"},
		},
		Owner: Owner{Person: true},
	},
	{
		Name: "prices", Object: "price", OldObject: "plan",
		List:      Listing{Path: "/v1/prices", Variants: []string{"", "active=false"}, Expand: []string{"tiers", "currency_options"}, Hidden: true},
		Deletable: true,
		ChangedBy: []Touch{
			{Object: "price", ID: "id"},
			{Object: "plan", ID: "id"},
		},
		Owner: Owner{Nobody: true},
	},
}

// unlisted are kinds of object that the lake knows from the objects that name them.
//
// Stripe: a charge names the newest of its disputes, and no list that is read has the
// others: former versions of the charge and events do. The charge of a dispute never
// changes, so it may be taken from an event, although an event is otherwise only a hint
// at objects to read again.
var unlisted = []Resource{
	{
		Name: "disputes", Object: "dispute", IDs: []string{"dp", "du"},
		Owner: Owner{BelongsTo: []Ref{{Path: "charge", To: []string{"charges"}}}},
	},
}
