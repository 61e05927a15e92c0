// Package laketest is what the tests of the pipeline share: a sync put together from
// the real parts, a simulated or a recorded Stripe, lakes with a story, damages, the
// searches that find a forgotten person, and processes that kill themselves at a
// traced moment.
//
// Only tests import it. A damage is a func that does something bad to the lake in a
// folder, and fails if there was nothing to do it to.
package laketest
