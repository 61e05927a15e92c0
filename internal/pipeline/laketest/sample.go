package laketest

import (
	"cmp"
	"maps"
	"os"
	"slices"
	"testing"
)

// Thorough reports whether tests try every case of which they else take a sample, as
// they do in make check.
func Thorough() bool { return os.Getenv("STRIPELAKE_THOROUGH") != "" }

// Slow leaves a test that takes many seconds to make check.
func Slow(t *testing.T) {
	t.Helper()
	if !Thorough() {
		t.Skip("takes long: make check runs it")
	}
}

// Sample returns how many cases a test tries: some, or all of them if [Thorough].
func Sample(some, all int) int {
	if Thorough() {
		return all
	}
	return some
}

// Sampled returns every fifth case by name, or all of them if [Thorough].
func Sampled[Name cmp.Ordered, Case any](cases map[Name]Case) map[Name]Case {
	if Thorough() {
		return cases
	}
	some := map[Name]Case{}
	for _, name := range SampledList(slices.Sorted(maps.Keys(cases))) {
		some[name] = cases[name]
	}
	return some
}

// SampledList returns every fifth case in their order, or all of them if [Thorough].
func SampledList[Case any](cases []Case) (some []Case) {
	for i, c := range cases {
		if i%5 == 0 || Thorough() {
			some = append(some, c)
		}
	}
	return some
}
