package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// answers are the count and the sum that a reader found, by table, column, what
// groups, and group. Within both a tab is between the values.
type answers map[string]string

// parseAnswers takes an answer a line, six values with tabs between them.
func parseAnswers(text string) (answers, error) {
	found := answers{}
	for line := range strings.Lines(text) {
		values := strings.Split(strings.TrimRight(line, "\r\n"), "\t")
		if len(values) != 6 {
			return nil, fmt.Errorf("not an answer of six values: %q", line)
		}
		of := strings.Join(values[:4], "\t")
		if _, twice := found[of]; twice {
			return nil, fmt.Errorf("answered twice: %q", line)
		}
		found[of] = strings.Join(values[4:], "\t")
	}
	return found, nil
}

// differences names, in order, what a reader has otherwise than is wanted, has
// not, or has beyond that.
func (a answers) differences(want answers) []string {
	all := maps.Clone(want)
	maps.Copy(all, a)
	var found []string
	for _, of := range slices.Sorted(maps.Keys(all)) {
		if a[of] != want[of] {
			found = append(found, fmt.Sprintf("%s: has %s, the warehouse has %s", described(of), counted(a[of]), counted(want[of])))
		}
	}
	return found
}

func described(of string) string {
	v := strings.Split(of, "\t")
	return fmt.Sprintf("%s.%s, %s=%s", v[0], v[1], v[2], v[3])
}

func counted(answer string) string {
	count, sum, ok := strings.Cut(answer, "\t")
	if !ok {
		return "nothing"
	}
	return count + " values, sum " + sum
}

// vacuous says why to agree with these answers would prove nothing: a table has
// no row, or no column of JSON has a value.
func (a answers) vacuous(questions []question) error {
	filled := map[string]bool{} // columns that have values
	for of, answer := range a {
		v := strings.Split(of, "\t")
		filled[v[0]+"."+v[1]] = filled[v[0]+"."+v[1]] || !strings.HasPrefix(answer, "0\t")
	}
	anyJSON := false
	for _, q := range questions {
		has := filled[q.table+"."+q.column]
		if q.column == "id" && !has {
			return fmt.Errorf("the warehouse has no row of %s", q.table)
		}
		anyJSON = anyJSON || has && q.kind == "JSON"
	}
	if !anyJSON {
		return fmt.Errorf("the warehouse has no value of JSON in the columns of %d questions", len(questions))
	}
	return nil
}
