// Package stripesim is a Stripe account that does not exist, served over HTTP.
//
// It is for the demo and for tests. stripe-mock answers every list with one
// fixed object, so it cannot say whether a client paged, filtered and resumed
// correctly. This package can, because it knows the truth: [Server.Ledger].
//
// [New] invents a small shop from a seed. Customers arrive, subscribe, order,
// pay by card or in instalments, get refunds and disputes. Every movement of
// money has its balance transaction, with conversion and fees as at Stripe.
// Nothing is stored as JSON: a [Server] holds compact records and renders an
// object when it is asked for, so two million charges fit in memory. Equal
// configurations give equal bytes on every machine: random numbers come from
// PCG, money and rates are integers, and no map is ever ranged over.
//
// A record holds the last state of its object and the times at which the state
// changed. The state at any earlier time is derived from these: [Server.SetNow]
// shows the business as of then, and /v1/events has what happened in the 30
// days before, without a stored list of versions. [Server.Act] and
// [Server.Change] mutate the business and so continue its history. Limits, lag,
// latency and faults act between the truth and the client; none is on unless
// Config says so.
//
// [FromFiles] serves recorded objects instead, byte for byte.
//
// Only the reading half of the API exists: lists, their objects by id, lists
// below an object, events and the account. errors.go and auth.go have what is
// refused, and the wording. The version is 2023-10-16, or the one that a request
// names in Stripe-Version. Events have their own, [Config.EventVersion].
//
// Six lists came first: charges, customers, prices, refunds, subscriptions and
// balance transactions. Their bytes, and those of their events, stay what they
// are for a seed: testdata has the digests. The lists of furtherNames show the
// same records from other sides. They are always served and are derived when
// somebody asks, so a server starts as fast as without them. What would change
// the six, or add events, happens only with [Config.Wide], and draws from
// streams of its own: inquiries, evidence, fees that a dispute keeps, payouts
// that fail or that nobody can attribute, transfers to sellers, the platform's
// fees from them, and the events of happenings. Without it a dispute's event lacks its balance
// transactions, as it always did; the list has them.
//
// Stripe has no event for an updated payment intent or setup intent, nor for a
// checkout session that begins or is updated; invoice_payment has only paid,
// and since 2025-03-31.basil. So has this package.
//
// The lists beyond the six have the shape of 2023-10-16 and of
// 2026-08-26.dahlia, each up to the version that a request names; the six have
// the latter only as far as they know it.
//
// Tests compare objects with Stripe's OpenAPI description and with lists of the
// paths that recorded objects have, in testdata. Config.Variants makes some
// objects look as Stripe's do at times: with null where most have a value, or
// with later fields.
//
// The package imports nothing of the program that it tests, so that the two can
// disagree.
package stripesim
