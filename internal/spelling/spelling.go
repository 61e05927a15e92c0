// Package spelling finds the name that somebody probably meant: it is the "did you
// mean" of every message. It imports nothing of the program.
package spelling

import (
	"slices"
	"strings"
)

// Nearest returns the candidate that word is most likely a typing error of, or
// "" when none is near: at most a third of its letters may differ. Of equally
// near ones it returns the first.
func Nearest(word string, candidates []string) string {
	best, bestDistance := "", len(word)/3+1
	for _, c := range candidates {
		if d := editDistance(word, c); d < bestDistance {
			best, bestDistance = c, d
		}
	}
	return best
}

// Choices returns the advice about an unknown name: the one that it is most likely a
// typing error of, otherwise all of them: "did you mean charges?", or "the tables are
// charges, refunds".
func Choices(word, plural string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return "did you mean " + near + "?"
	}
	return "the " + plural + " are " + strings.Join(known, ", ")
}

// Question begins what Suggestion returns.
const Question = "; did you mean "

// Suggestion returns the end of a message about an unknown name, "; did you mean
// charges?", or "".
func Suggestion(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return Question + near + "?"
	}
	return ""
}

// editDistance counts insertions, deletions, substitutions and swaps of neighbours
// (optimal string alignment), in bytes.
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	prev2, prev, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = slices.Min([]int{prev[j] + 1, row[j-1] + 1, prev[j-1] + cost})
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], prev2[j-2]+1)
			}
		}
		prev2, prev, row = prev, row, prev2
	}
	return prev[len(b)]
}
