// Package pipeline joins extraction, mapping and the lake. It is the only
// package that knows all three:
//
//	Stripe ──pages──▶ raw log ──objects──▶ mapping ──rows──▶ state ──▶ generation
//
// A run first applies the segments that the log holds and the state does not.
// So a run that was killed is finished by the next one, on the path that every
// run takes. Then one goroutine for each resource reads it, under the client's
// rate controller, and appends it to the log. One more goroutine applies
// segments to the state, many in one transaction where many wait. Readers do not
// wait for it until they ask the state for more than whether an object is
// unchanged (docs/adr/0052). At the end, and at intervals during a long backfill,
// the state is published as a generation.
//
// No reader hands objects to the applier in memory: the applier reads the
// segments from the log. That costs one decompression. In return a live run, a
// recovery and a rebuild are the same code.
package pipeline
