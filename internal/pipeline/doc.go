// Package pipeline is the one place that knows extraction, mapping and the
// lake, and joins them:
//
//	Stripe ──pages──▶ raw log ──objects──▶ mapping ──rows──▶ state ──▶ generation
//
// A run first applies what the log already holds and the state does not, so a
// run that was killed is finished by the next one on the same path that a run
// always takes. Then every resource is read by a goroutine of its own, under
// the client's one rate controller, and appended to the log; one more goroutine
// applies segments to the state as they become durable. At the end, and every
// so often during a long backfill, the state is published as a generation.
//
// Nothing is handed from reader to applier in memory: the applier reads the
// segments back from the log. That costs one decompression and buys that a live
// run, a recovery and a rebuild are the same code.
package pipeline
