// Package loadtest hashes the content of a lake, so that tests can compare two lakes,
// and makes rows by hand. Only tests may import it. It owns no invariant. It may import
// rawlog, schemas, sqltext and the packages of load/internal, but not load: that way
// load's own tests can use it.
package loadtest
