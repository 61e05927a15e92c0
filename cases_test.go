package stripelake_test

import (
	"go/ast"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// A stripeCase is something that Stripe does and that breaks extractors, with
// what holds that it does not break this one: tests ("folder.TestName", or
// "folder.TestName/part" for a part whose name or text begins so) and scripts or
// golden files by their path.
type stripeCase struct {
	number    int
	situation string
	covered   []string
	notBuilt  string // what is missing, where nothing covers the case
}

var stripeCases = []stripeCase{
	{number: 1, situation: "a row shares the last second of the run before", covered: []string{"internal/pipeline.TestCase01SameSecondAsTheLastRow", "extract.TestResumeFromAnyCursorLosesNothing"}},
	{number: 2, situation: "a row is listed long after its created", covered: []string{"internal/pipeline.TestCase02ListedLate", "extract.TestNextRunLooksBackTenMinutes"}},
	{number: 3, situation: "the object that a page starts after is deleted", covered: []string{"internal/pipeline.TestCase03CursorVanishes", "extract.TestVanishedCursorGoesOnByCreated", "extract.TestVanishedCursorAtResume", "extract.TestCursorThatAlwaysVanishes"}},
	{number: 4, situation: "a subscription is canceled between two pages", covered: []string{"internal/pipeline.TestCase04CanceledBetweenPages"}},
	{number: 5, situation: "new rows come in while a list is read", covered: []string{"internal/pipeline.TestCase05NewRowsWhilePaging"}},
	{number: 6, situation: "a page has no data and says that more follows", covered: []string{"extract.TestWhatIsRepeated/200 has_more and no data", "testdata/script/garbage.txtar"}},
	{number: 7, situation: "the same page comes again and again", covered: []string{"extract.TestPagesThatDoNotAdvance"}},
	{number: 8, situation: "a crash between a page and its cursor", covered: []string{"internal/pipeline/killtest.TestSyncKilled"}},
	{number: 9, situation: "a crash early in a list that runs newest first", covered: []string{"internal/pipeline/killtest.TestSyncKilled", "extract.TestFirstRunReadsEverythingBelowTheLag", "extract.TestAnyBackfillResumes"}},
	{number: 10, situation: "the last sync is longer ago than Stripe keeps events", covered: []string{"internal/pipeline.TestCase10StateOlderThanTheEvents"}},
	{number: 11, situation: "an object comes twice: in a page, on two lists, by its event", covered: []string{"internal/pipeline.TestCase11SameObjectTwice", "load.TestApplyReplacesEveryRowOfAnObject", "load.TestDuplicateKeyIsNotPublished"}},
	{number: 12, situation: "created lies in the future, or decades back", covered: []string{"internal/pipeline.TestCase12CreatedAtOddTimes"}},
	{number: 13, situation: "our clock and Stripe's differ", covered: []string{"internal/pipeline.TestCase13ClocksApart", "extract.TestNoDateHeader"}},
	{number: 14, situation: "events named after charges hold disputes and refunds", covered: []string{"internal/pipeline.TestCases14To18EventsAreHints", "internal/pipeline.TestChanges/case 14"}},
	{number: 15, situation: "two events of one second contradict each other", covered: []string{"internal/pipeline.TestCases14To18EventsAreHints"}},
	{number: 16, situation: "an event is rendered as years ago", covered: []string{"internal/pipeline.TestCases14To18EventsAreHints", "internal/pipeline.TestChanges/refunds as an array"}},
	{number: 17, situation: "an event older than what is known arrives late", covered: []string{"internal/pipeline.TestCases14To18EventsAreHints", "load.TestLowerSeqLoses"}},
	{number: 18, situation: "a refund shows in its charge's event only", covered: []string{"internal/pipeline.TestCases14To18EventsAreHints", "internal/pipeline.TestChanges/case 18"}},
	{number: 19, situation: "a deleted customer is in no list any more", covered: []string{"internal/pipeline.TestCases19And20DeletedCustomer", "internal/pipeline.TestCase10StateOlderThanTheEvents", "internal/pipeline.TestChanges/case 19"}},
	{number: 20, situation: "a deleted customer has three members and status 200", covered: []string{"internal/pipeline.TestCases19And20DeletedCustomer", "extract.TestRereadOfWhatIsGone", "load.TestTombstones"}},
	{number: 21, situation: "a balance transaction becomes available without an event", covered: []string{"internal/pipeline.TestCase21AvailableWithoutAnEvent"}},
	{number: 22, situation: "lists inside objects are cut after ten", covered: []string{"internal/pipeline.TestCase22NestedListsOverTen", "internal/pipeline.TestCase22Tiers", "extract.TestNestedListsAreCompleted", "extract.TestNestedListThatCannotBeRead"}},
	{number: 23, situation: "prices that the list hides or never shows", covered: []string{"internal/pipeline.TestCase23PricesThatAreNotListed", "extract.TestVariants"}},
	{number: 24, situation: "a restricted key may not read one resource", covered: []string{"testdata/script/forbidden.txtar", "internal/pipeline.TestCase24EventsForbidden", "extract.TestRereadOfWhatIsGone"}},
	{number: 25, situation: "a key of the other mode, or of another account", covered: []string{"internal/pipeline.TestCases25And57SameIDsInTwoAccounts", "extract.TestModeOfObjectsStopsTheRun", "testdata/script/lake.txtar"}},
	{number: 26, situation: "429 without a word on how long to wait", covered: []string{"extract.TestWhatIsRepeated/429 should not retry", "extract.TestBackOffIsJitteredAndBounded", "extract.TestRetryAfter"}},
	{number: 27, situation: "locks, outages, resets, proxies' pages, half a body", covered: []string{"internal/pipeline.TestCase27FaultsLeaveNoTrace", "extract.TestWhatIsRepeated", "extract.TestBodyBreaksOff"}},
	{number: 28, situation: "the key is revoked in the middle of a run", covered: []string{"internal/pipeline.TestCase28KeyRevokedInTheMiddle"}},
	{number: 29, situation: "an error repeats the key", covered: []string{"internal/pipeline.TestCase29NoKeyAnywhere", "extract.TestNoSecretInErrors", "extract.TestRedact", "testdata/script/key.txtar"}},

	{number: 30, situation: "currencies without decimals, with three, and those that only seem so", covered: []string{"transform.TestCases/case 30", "transform.TestMoneyIsExact", "schemas.TestCurrencyExponents"}},
	{number: 31, situation: "an exchange rate between minor units", covered: []string{"transform.TestCases/case 31", "transform/testdata/golden/balance_transaction.converted.jsonl"}},
	{number: 32, situation: "a price below one minor unit, or with no amount", covered: []string{"transform.TestCases/case 32", "transform.TestDecimalIsExact"}},
	{number: 33, situation: "the last tier ends at null", covered: []string{"transform.TestCases/case 33", "transform/testdata/golden/price.tiers.jsonl"}},
	{number: 34, situation: "fees below zero, and fees of disputes", covered: []string{"transform.TestCases/case 34"}},
	{number: 35, situation: "an application fee of null is not 0", covered: []string{"transform.TestCases/case 35"}},
	{number: 36, situation: "numbers that a float does not hold", covered: []string{"internal/pipeline.TestCasesOfValues/case 36", "transform.TestMoneyIsExact", "transform.TestDecimalIsExact"}},
	{number: 37, situation: "metadata keys that are no names", covered: []string{"internal/pipeline.TestCasesOfValues/case 37", "transform.TestShapes/map with a repeated key"}},
	{number: 38, situation: "no payment method details, or of an unknown type", covered: []string{"transform.TestCases/case 38", "transform.TestCase38ProvidersAreALookup"}},
	{number: 39, situation: "a payment in instalments is refunded in part, or disputed", covered: []string{"internal/pipeline.TestCases39And43WhatIsLeft", "transform.TestCases/case 39"}},
	{number: 40, situation: "a charge is authorized, captured and refunded in several runs", covered: []string{"internal/pipeline.TestCases40And53OneRowThroughItsLife"}},
	{number: 41, situation: "an authorization succeeds, and counts as refunded when it expires", covered: []string{"transform.TestCases/case 41", "internal/pipeline.TestCases39And43WhatIsLeft"}},
	{number: 42, situation: "the part that was not captured has the type of a refund", covered: []string{"transform.TestCases/case 42", "internal/pipeline.TestLakeEqualsLedger"}},
	{number: 43, situation: "a dispute moves money in balance transactions only", covered: []string{"internal/pipeline.TestCases39And43WhatIsLeft"}},
	{number: 44, situation: "a refund fails after it succeeded", covered: []string{"internal/pipeline.TestCase44RefundFailsLater"}},
	{number: 45, situation: "a reference is an id, an object, a stub or null", covered: []string{"internal/pipeline.TestCasesOfValues/case 45", "transform.TestLanguage/ref(customer)"}},
	{number: 46, situation: "an object is an empty list, or null", covered: []string{"internal/pipeline.TestCasesOfValues/case 46", "transform.TestShapes/from empty list"}},
	{number: 47, situation: "rows of old API versions lack fields and use other words", covered: []string{"transform.TestCases/case 47", "transform/testdata/golden/charge.ancient.jsonl"}},
	{number: 48, situation: "a subscription's period is its items'", covered: []string{"transform.TestCases/case 48", "transform/testdata/golden/subscription.basil.jsonl"}},
	{number: 49, situation: "discounts in four shapes", covered: []string{"transform.TestCases/case 49"}},
	{number: 50, situation: "fields come and go between runs", covered: []string{"internal/pipeline.TestCases50And51EveryFileHasTheDeclaredColumns"}},
	{number: 51, situation: "a column without a value in a whole partition", covered: []string{"internal/pipeline.TestCases50And51EveryFileHasTheDeclaredColumns", "load.TestTypes"}},
	{number: 52, situation: "times at the edges: 1970, 2100, the end of a month in any zone", covered: []string{"transform.TestCases/case 52", "internal/pipeline.TestCasesOfValues/case 52", "internal/pipeline.TestCase52TimeZone"}},
	{number: 53, situation: "an update belongs to an old partition", covered: []string{"internal/pipeline.TestCases40And53OneRowThroughItsLife", "load.TestUnchangedPartsAreLinked"}},
	{number: 54, situation: "text with NUL, line breaks, other directions, or without end", covered: []string{"internal/pipeline.TestCasesOfValues/case 54", "load.TestNulAndBrokenText"}},
	{number: 55, situation: "ids that differ in case only", covered: []string{"internal/pipeline.TestCasesOfValues/case 55"}},
	{number: 56, situation: "webhooks come twice, out of order, or signed with an old secret", notBuilt: "no webhook receiver"},
	{number: 57, situation: "two accounts have the same id", covered: []string{"internal/pipeline.TestCases25And57SameIDsInTwoAccounts", "internal/pipeline.TestConnectedAccounts"}},
	{number: 58, situation: "the customer paid in another currency than the charge's", covered: []string{"transform.TestCases/case 58"}},
}

// TestStripeCases holds that no case is without a test, that the tests named are
// there, and that a test named for a case is in the list.
func TestStripeCases(t *testing.T) {
	tests := testFuncs(t)
	named := map[string]bool{}
	for i, c := range stripeCases {
		if c.number != i+1 || c.situation == "" || (len(c.covered) == 0) == (c.notBuilt == "") {
			t.Errorf("case %d of the list: %+v", i+1, c)
		}
		for _, cover := range c.covered {
			if path.Ext(cover) == ".txtar" || path.Ext(cover) == ".jsonl" {
				if _, err := os.Stat(filepath.FromSlash(cover)); err != nil {
					t.Errorf("case %d: %v", c.number, err)
				}
				continue
			}
			name, part := cover, ""
			if dot := strings.LastIndex(cover, ".Test"); strings.Contains(cover[max(dot, 0):], "/") {
				slash := dot + strings.Index(cover[dot:], "/")
				name, part = cover[:slash], cover[slash+1:]
			}
			named[name] = true
			switch f := tests[name]; {
			case f == nil:
				t.Errorf("case %d: there is no test %s", c.number, name)
			case !hasText(f, part):
				t.Errorf("case %d: %s has no part %q", c.number, name, part)
			}
		}
	}
	if len(stripeCases) != 58 {
		t.Errorf("%d cases, want 58", len(stripeCases))
	}
	numbered := regexp.MustCompile(`\.TestCases?[0-9]`)
	for name := range tests {
		if numbered.MatchString(name) && !named[name] {
			t.Errorf("%s is named for a case and not in the list", name)
		}
	}
}

// testFuncs are the tests of the tree, by folder and name.
func testFuncs(t *testing.T) map[string]*ast.FuncDecl {
	t.Helper()
	found := map[string]*ast.FuncDecl{}
	for _, f := range goFiles(t) {
		if !strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		for _, d := range f.syntax.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && strings.HasPrefix(fn.Name.Name, "Test") {
				found[path.Dir(f.path)+"."+fn.Name.Name] = fn
			}
		}
	}
	return found
}

// hasText reports whether a string in the function begins with part.
func hasText(f *ast.FuncDecl, part string) bool {
	found := part == ""
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			text, err := strconv.Unquote(lit.Value)
			found = found || err == nil && strings.HasPrefix(text, part)
		}
		return !found
	})
	return found
}
