package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// TestDocumentedQuestions asks the demo business each question of the analysts'
// page: each has an answer, and none adds up money across currencies.
func TestDocumentedQuestions(t *testing.T) {
	t.Parallel()
	questions := documentedQuestions(t, "Questions", 10)
	dir := t.TempDir()
	linkBinary(t, dir)
	if out := session(t, dir, "stripelake demo --charges 2000 --lake lake"); !strings.Contains(out, "published generation") {
		t.Fatal(out)
	}
	money := regexp.MustCompile(`\b(sum|avg)\((?:gross|kept|refunded|cost|volume|paid_later|net|mrr|basket\w*)\)`)
	for _, question := range questions {
		if money.MatchString(question) && !regexp.MustCompile(`(?s)SELECT.*\bcurrency\b.*GROUP BY ALL`).MatchString(question) {
			t.Errorf("money is added up across currencies:\n%s", question)
		}
		answered(t, filepath.Join(dir, "lake"), question)
	}
}

// documentedQuestions are the queries of a section of the analysts' page.
func documentedQuestions(t *testing.T, section string, atLeast int) (questions []string) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "analysts.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n## "+section+"\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, block := range sqlBlock.FindAllStringSubmatch(text, -1) {
		questions = append(questions, block[1])
	}
	if len(questions) < atLeast {
		t.Fatalf("%d questions under %s", len(questions), section)
	}
	return questions
}

// answered asks a lake a question, which must have an answer.
func answered(t *testing.T, lake, question string) {
	t.Helper()
	q, err := load.Ask(t.Context(), lake, load.Question{SQL: question})
	if err != nil {
		t.Errorf("%v\n%s", err, question)
		return
	}
	var answer bytes.Buffer
	if err := q.Write(t.Context(), &answer, load.QueryCSV); err != nil || strings.Count(answer.String(), "\n") < 2 {
		t.Errorf("%v, answer %q to\n%s", err, answer.String(), question)
	}
	if err := q.Close(); err != nil {
		t.Error(err)
	}
}

// TestDocumentedHistory asks the questions about history of a business that
// changed between two looks.
func TestDocumentedHistory(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 300, Now: time.Date(2025, 12, 31, 12, 0, 0, 0, time.UTC)})
	if err != nil {
		t.Fatal(err)
	}
	url := serve(t, server)
	dir := t.TempDir()
	linkBinary(t, dir)
	sync := "STRIPE_API_KEY=sk_test_simulated stripelake sync --lake lake --api-base " + url
	session(t, dir, sync)
	for _, action := range []stripesim.Action{stripesim.PartialRefund, stripesim.UpdateSubscription} {
		if _, err := server.Change(action, 3); err != nil {
			t.Fatal(err)
		}
	}
	server.Advance(36 * time.Hour)
	session(t, dir, sync)
	for _, question := range documentedQuestions(t, "History", 3) {
		answered(t, filepath.Join(dir, "lake"), question)
	}
}
