// Package extract reads a Stripe account as pages of raw objects, each exactly
// as Stripe sent it, with a cursor that says what has been read so far.
//
// A stream is a [Resource] that the caller describes, or the [Events]. Its
// objects are listed newest first in windows [gte, lt) of `created`, the only
// field Stripe can filter by. A run ([Client.Pages]) first finishes the windows
// that an earlier run left open, and then, after a barrier, opens a new one:
// everything on a first run; afterwards what was created since, with ten minutes
// of look-back, because a row may become listable seconds after its `created`.
// It ends a minute behind the clock in Stripe's own Date header, so that hardly
// anything arrives in it while it is read. A [scheduler] reads windows side by side
// and cuts large ones by the density of their pages.
//
// Lists do not tell what changed. Events do ([Changes]), as hints at what to
// read again with [Client.Reread]; [Resource.NextChange] and [Resource.UnlistedReferences]
// tell what changes or exists without a word.
//
// Each page carries the [Cursor] as of the pages yielded so far, that page
// included. Whoever stores the page stores its cursor in the same act
// (Invariant 1); a run started from any yielded cursor reads the rest. An
// object may come twice, it never fails to come.
//
// Stripe-go is the transport, through its raw call and with its own retries
// off. The pace ([Config.MaxShare]), the retries ([Retry]) and the judgement of
// what came back are this package's: a page from which anything could not be
// read contributes nothing (Invariant 8), and no error text holds a secret
// (Invariant 11).
package extract
