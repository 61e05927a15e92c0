// Package loadtest is for tests: it says in a few words what a lake holds, so that two
// lakes can be compared. It imports rawlog and what is in load/internal, not load, so
// that load's own tests may use it.
package loadtest
