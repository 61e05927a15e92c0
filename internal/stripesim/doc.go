// Package stripesim is a Stripe account that does not exist, served over HTTP.
//
// It is for the demo and for tests. stripe-mock answers every list with one
// fixed object, so it cannot say whether a client paged, filtered and resumed
// correctly; this package can, because it knows the truth: [Server.Ledger].
//
// [New] invents a small shop from a seed. Customers arrive, subscribe, order,
// pay by card or in instalments, get refunds and disputes, and every movement
// of money has its balance transaction, converted and charged for as Stripe
// would. Nothing is kept as JSON: a [Server] holds compact records and renders
// an object when it is asked for, so two million charges fit in memory. Equal
// configurations give equal bytes on every machine: random numbers come from
// PCG, money and rates are integers, and no map is ever ranged over.
//
// Records hold the end of every story and the times at which it turned, so the
// state at any earlier moment is derived: [Server.SetNow] shows the business as
// of then, and /v1/events tells what happened in the 30 days before, all without
// a list of versions. [Server.Act] and [Server.Change] write further history.
// Limits, lag, latency and faults come between the truth and the client; none is
// on unless Config says so.
//
// [FromFiles] serves recorded objects instead, byte for byte.
//
// The API version is 2023-10-16 and only its reading half exists: six lists,
// their objects by id, subscription items, the refunds of a charge, events and
// the account. What is refused, and in which words, is in errors.go and auth.go.
//
// Objects are held against Stripe's OpenAPI description and against lists of the
// paths that recorded objects have, in testdata. Config.Variants makes some look
// as Stripe's do at times: null where most have a value, or with later fields.
//
// The package imports nothing of the program that it tests, so that the two
// can disagree.
package stripesim
