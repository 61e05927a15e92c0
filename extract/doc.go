// Package extract reads a Stripe account as pages of raw objects, each exactly as
// Stripe sent it, with a cursor that records what has been read so far.
//
// A stream is a [Resource] that the caller describes, or the [Events]. Its objects are
// listed newest first in windows [gte, lt) of `created`, the only field that Stripe can
// filter by. A run ([Client.Pages]) first finishes the windows that an earlier run left
// open. Then, after a barrier, it opens a new one: everything on a first run;
// afterwards the objects created since, with ten minutes of look-back, because a row
// may become listable seconds after its `created`. The window ends a minute behind the
// clock in Stripe's own Date header, so that hardly any objects arrive in it while it
// is read. A [scheduler] reads windows concurrently and splits large ones by the
// density of their pages.
//
// Lists do not show which objects changed. Events do ([Changes]), as hints at objects
// to read again with [Client.Reread]. [Resource.NextChange] finds objects that change
// without an event, and [Resource.UnlistedReferences] objects that no list shows.
//
// Each page has the [Cursor] as of the pages yielded so far, that page included. The
// caller stores the page and its cursor in the same act (Invariant 1); a run started
// from any yielded cursor reads the rest. An object may come twice, but it never fails
// to come.
//
// Stripe-go is the transport, through its raw call and with its own retries off. This
// package itself decides on the rate ([Config.MaxShare]), the retries ([Retry]), the
// waits in an [Outage], where to stop ([Client.Stop]) and the validity of answers: a
// page of which any part could not be read contributes nothing (Invariant 8), and no
// error text holds a secret (Invariant 11).
package extract
