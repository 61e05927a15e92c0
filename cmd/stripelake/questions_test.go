package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load/query"
)

var sqlBlock = regexp.MustCompile("(?s)```sql\n(.*?)```")

// TestDocumentedQuestions asks the demo business each question of the analysts'
// page: each has an answer, and none adds up money across currencies.
func TestDocumentedQuestions(t *testing.T) {
	t.Parallel()
	questions := documentedQuestions(t, "Questions", 10)
	dir := t.TempDir()
	linkBinary(t, dir)
	if out := session(t, dir, "stripelake demo --now 2026-01-01 --charges 2000 --lake lake"); !strings.Contains(out, "published generation") {
		t.Fatal(out)
	}
	money := regexp.MustCompile(`\b(sum|avg)\((?:gross|kept|refunded|cost|volume|paid_later|net|mrr|basket\w*|settled_\w+)\)`)
	for _, question := range questions {
		if money.MatchString(question) && !regexp.MustCompile(`(?s)SELECT.*\bcurrency\b.*GROUP BY ALL`).MatchString(question) {
			t.Errorf("money is added up across currencies:\n%s", question)
		}
		answered(t, filepath.Join(dir, "lake"), question)
	}
}

// TestDocumentedShares compares the documented shares with those that payments
// itself has: by provider and month, by provider over all days, and of all
// providers.
func TestDocumentedShares(t *testing.T) {
	t.Parallel()
	var recipe string
	for _, question := range documentedQuestions(t, "Questions", 10) {
		if strings.Contains(question, "checkout_daily") {
			recipe = strings.TrimSuffix(strings.TrimSpace(question), ";")
		}
	}
	if recipe == "" {
		t.Fatal("no documented question asks for shares")
	}
	dir := t.TempDir()
	linkBinary(t, dir)
	session(t, dir, "stripelake demo --now 2026-01-01 --charges 2000 --lake lake")
	const month = "date_trunc('month', day)::DATE AS month, "
	for name, of := range map[string]struct{ query, key, whole string }{
		"by provider and month": {recipe, "month, provider, currency", "month, currency"},
		"by provider":           {strings.NewReplacer(month, "", "(month, currency)", "(currency)", "SELECT month, ", "SELECT ").Replace(recipe), "provider, currency", "currency"},
		"all providers, by month": {
			strings.NewReplacer("provider, ", "").Replace(recipe), "month, currency", "month, currency",
		},
		"all providers": {
			strings.NewReplacer(month, "", "(month, currency)", "(currency)", "SELECT month, ", "SELECT ", "provider, ", "").Replace(recipe), "currency", "currency",
		},
	} {
		want := `WITH paid AS (SELECT *, date_trunc('month', created)::DATE AS month, bnpl_provider AS provider FROM payments),
			used AS (SELECT ` + of.key + `, count(*) FILTER (succeeded) AS n, sum(gross) AS taken FROM paid WHERE provider IS NOT NULL GROUP BY ALL),
			whole AS (SELECT ` + of.whole + `, count(*) FILTER (succeeded) AS every, sum(gross) AS all_taken FROM paid GROUP BY ALL)
			SELECT ` + of.key + `, n, every, (100 * n / nullif(every, 0))::DECIMAL(5, 1), (100 * taken / nullif(all_taken, 0))::DECIMAL(5, 1)
			FROM used JOIN whole USING (` + of.whole + `) ORDER BY ALL`
		lake := filepath.Join(dir, "lake")
		if diff := cmp.Diff(answerOf(t, lake, want), answerOf(t, lake, of.query)); diff != "" {
			t.Errorf("%s (-payments +documented):\n%s", name, diff)
		}
	}
}

// answerOf is what a lake answers, without the names of the columns.
func answerOf(t *testing.T, lake, question string) []string {
	t.Helper()
	q, err := query.Ask(t.Context(), lake, query.Question{SQL: question})
	if err != nil {
		t.Fatalf("%v\n%s", err, question)
	}
	var answer bytes.Buffer
	if err := errors.Join(q.Write(t.Context(), &answer, query.CSV), q.Close()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(answer.String()), "\n")
	if len(lines) < 2 {
		t.Fatalf("no answer to\n%s", question)
	}
	return lines[1:]
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
	q, err := query.Ask(t.Context(), lake, query.Question{SQL: question})
	if err != nil {
		t.Errorf("%v\n%s", err, question)
		return
	}
	var answer bytes.Buffer
	if err := q.Write(t.Context(), &answer, query.CSV); err != nil || strings.Count(answer.String(), "\n") < 2 {
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
