// Package notify tells somebody who has no monitoring system that a run failed, that a
// lake is stale, or that it is well again: one small JSON object posted to an address, and
// a request to another address after each run that succeeded. It knows nothing of lakes.
//
// Invariant 12 holds here too: HTTPS unless the host is a loopback address, no redirect is
// followed, and the address, which may itself be a secret, is in no error.
package notify
