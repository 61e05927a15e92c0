package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stripelake/stripelake/load"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// TestDocumentedQuestions asks the demo business each question of the analysts'
// page: each has an answer, and none adds up money across currencies.
func TestDocumentedQuestions(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Questions\n")
	section, _, _ = strings.Cut(section, "\n## ")
	questions := sqlBlock.FindAllStringSubmatch(section, -1)
	if len(questions) < 10 {
		t.Fatalf("%d questions", len(questions))
	}
	dir := t.TempDir()
	linkBinary(t, dir)
	if out := session(t, dir, "stripelake demo --charges 2000 --lake lake"); !strings.Contains(out, "published generation") {
		t.Fatal(out)
	}
	money := regexp.MustCompile(`\b(sum|avg)\((?:gross|kept|refunded|cost|volume|paid_later|net|mrr|basket\w*)\)`)
	for _, question := range questions {
		if money.MatchString(question[1]) && !regexp.MustCompile(`(?s)SELECT.*\bcurrency\b.*GROUP BY ALL`).MatchString(question[1]) {
			t.Errorf("money is added up across currencies:\n%s", question[1])
		}
		q, err := load.Ask(t.Context(), filepath.Join(dir, "lake"), load.Question{SQL: question[1]})
		if err != nil {
			t.Errorf("%v\n%s", err, question[1])
			continue
		}
		var answer bytes.Buffer
		if err := q.Write(t.Context(), &answer, load.QueryCSV); err != nil || strings.Count(answer.String(), "\n") < 2 {
			t.Errorf("%v, answer %q to\n%s", err, answer.String(), question[1])
		}
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	}
}
