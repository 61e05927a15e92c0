package query

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

var (
	variableUse  = regexp.MustCompile(`(?i)\bgetvariable"?\s*\(\s*'((?:[^']|'')*)'\s*\)`)
	variableCall = regexp.MustCompile(`(?i)\bgetvariable\b`)
	sqlWord      = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// checkVariables refuses a given variable that nothing reads: DuckDB would silently
// ignore it. It sets Unset to the variables that the question itself reads and that
// have no value, which DuckDB treats as NULL. A mart has a default for each of its own.
func (q *Query) checkVariables(ctx context.Context, question Question) error {
	views, err := q.viewTexts(ctx)
	if err != nil {
		return err
	}
	asked, computed := variablesIn(question.SQL)
	used := maps.Clone(asked)
	for _, text := range viewsIn(question.SQL, views) {
		names, some := variablesIn(text)
		maps.Copy(used, names)
		computed = computed || some
	}
	for _, name := range slices.Sorted(maps.Keys(question.Variables)) {
		if !used[strings.ToLower(name)] && !computed {
			return &Error{notUsed(name, slices.Sorted(maps.Keys(used)))}
		}
		delete(asked, strings.ToLower(name))
	}
	q.Unset = slices.Sorted(maps.Keys(asked))
	return nil
}

func notUsed(name string, used []string) string {
	if len(used) == 0 {
		return fmt.Sprintf("the variable %s is not used: neither the question nor a mart that it reads has a getvariable", name)
	}
	message := fmt.Sprintf("the variable %s is not used: the question and the marts that it reads use %s", name, strings.Join(used, ", "))
	if near := spelling.Nearest(name, used); near != "" {
		message += "; did you mean " + near + "?"
	}
	return message
}

// variablesIn returns the variables that a SQL text reads, in lower case, because
// DuckDB ignores case. computed reports whether it also reads some whose name is not a
// string literal. It also finds variables in comments: one too many is harmless.
func variablesIn(text string) (names map[string]bool, computed bool) {
	names = map[string]bool{}
	uses := variableUse.FindAllStringSubmatch(text, -1)
	for _, use := range uses {
		names[strings.ToLower(strings.ReplaceAll(use[1], "''", "'"))] = true
	}
	return names, len(variableCall.FindAllString(text, -1)) > len(uses)
}

// viewsIn returns the texts of all views that a SQL text names, and of those that these
// name.
func viewsIn(text string, views map[string]string) (texts []string) {
	seen := map[string]bool{}
	for todo := []string{text}; len(todo) > 0; todo = todo[1:] {
		for _, word := range sqlWord.FindAllString(todo[0], -1) {
			word = strings.ToLower(word)
			if of, ok := views[word]; ok && !seen[word] {
				seen[word] = true
				texts, todo = append(texts, of), append(todo, of)
			}
		}
	}
	return texts
}

// viewTexts returns the SQL of the warehouse's views by name, in lower case.
func (q *Query) viewTexts(ctx context.Context) (map[string]string, error) {
	views := map[string]string{}
	var name, text string
	err := q.db.Each(ctx, []any{&name, &text}, func() error {
		views[strings.ToLower(name)] = text
		return nil
	}, "SELECT view_name, sql FROM duckdb_views() WHERE NOT internal AND database_name = 'warehouse'")
	return views, err
}
