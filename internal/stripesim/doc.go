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
// The API version is 2023-10-16 and only its reading half exists: six lists,
// their objects by id, subscription items, the refunds of a charge, events and
// the account. errors.go and auth.go have what is refused, and the wording.
//
// Tests compare objects with Stripe's OpenAPI description and with lists of the
// paths that recorded objects have, in testdata. Config.Variants makes some
// objects look as Stripe's do at times: with null where most have a value, or
// with later fields.
//
// The package imports nothing of the program that it tests, so that the two can
// disagree.
package stripesim
