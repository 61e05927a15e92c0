package laketest

import (
	"maps"
	"os"
	"slices"
)

// Thorough reports whether tests try every case of which they else take a sample, as
// they do in make check.
func Thorough() bool { return os.Getenv("STRIPELAKE_THOROUGH") != "" }

// Sample returns how many cases a test tries: some, or all of them if [Thorough].
func Sample(some, all int) int {
	if Thorough() {
		return all
	}
	return some
}

// Sampled returns every fifth case by name, or all of them if [Thorough].
func Sampled[Case any](cases map[string]Case) map[string]Case {
	if Thorough() {
		return cases
	}
	some := map[string]Case{}
	for i, name := range slices.Sorted(maps.Keys(cases)) {
		if i%5 == 0 {
			some[name] = cases[name]
		}
	}
	return some
}
