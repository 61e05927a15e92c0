package pipeline

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// A ledgerQuestion is a check of the published tables in SQL. Each row that a
// query returns is a finding: name, object, text.
type ledgerQuestion struct {
	table   string
	columns []string // of other tables too, as "refunds.id"; where one is missing, the check is not made
	unit    string
	count   string // SQL that counts the rows checked
	queries []string
}

// amountMarker matches an amount in the braces of a query. An amount is null
// where the exponent of its currency is unknown; a second query then checks its
// minor units. {null amount} is true in the first query, and in the second it
// selects the rows with a null amount. {of} and {units} are the units in the
// text of a finding.
var amountMarker = regexp.MustCompile(`\{(null )?([a-z_.]+)\}`)

// ledgerAmounts are the columns of amounts that the checks use.
var ledgerAmounts = []string{"amount", "amount_captured", "amount_refunded", "fee", "net"}

// inAmounts replaces the braces of a query, for amounts or for minor units.
func inAmounts(query string, minor bool) string {
	return amountMarker.ReplaceAllStringFunc(query, func(found string) string {
		m := amountMarker.FindStringSubmatch(found)
		null, name := m[1] != "", m[2]
		switch {
		case minor && null:
			return name + " IS NULL"
		case null:
			return "true"
		case minor && name == "of":
			return "' minor units of '"
		case name == "of":
			return "' '"
		case minor && name == "units":
			return "' minor units'"
		case name == "units":
			return "''"
		case minor:
			return "CAST(" + name + "_minor AS HUGEINT)"
		}
		return name
	})
}

// fixLedger is the advice about a sum that does not add up. The lake holds what
// Stripe sent, so there is no better one.
const fixLedger = "look it up in the Dashboard; if that shows something else, run stripelake sync, and verify again"

// fixForgotten is the advice about an object that came before its owner was
// known.
const fixForgotten = "what it names was forgotten: name the customer once more, stripelake forget cus_…, which erases what came since"

// notLate is the SQL of rows c whose references cannot be late: an object that
// c names was listed if it was created before its list ends, at k.through. It
// was created before c was read, and within a month of c: either bound is
// enough. Everything else may still be listed by the next sync.
const notLate = `(k.since IS NULL OR c.created >= k.since) AND (c.synced_at < k.through OR c.created + INTERVAL 31 DAY < k.through)`

// bookedByNow is the SQL of a charge or refund c that must have its balance
// transaction: an hour after it was created, as far as changes were followed.
// Stripe: with asynchronous capture it comes within the hour.
const bookedByNow = `greatest(c.synced_at, coalesce(k.as_of, c.synced_at)) > c.created + INTERVAL 1 HOUR`

// transactionQuestions checks that each balance transaction adds up, by
// currency, day and reporting category. Stripe: net is amount less fee, and fee
// is the sum of its details; the fee is negative where fees are returned.
var transactionQuestions = ledgerQuestion{
	table: "balance_transactions", columns: []string{"amount", "fee", "net", "fee_details", "currency", "created", "reporting_category"},
	unit: "balance transactions", count: "SELECT count(*) FROM balance_transactions",
	queries: []string{
		`SELECT 'net is not amount less fee', ` + ledgerGroup + `, concat(count(*), ' balance transactions, first ', min(id), ': net ', sum({net}), ', amount less fee ', sum({amount} - {fee}), {units})
			FROM balance_transactions c WHERE {net} <> {amount} - {fee} AND {null net} GROUP BY ALL`,
		`SELECT 'fee is not the sum of its details', ` + ledgerGroup + `, concat(count(*), ' balance transactions, first ', min(id), ': fee ', sum(fee), ', details ', sum(details))
			FROM (SELECT *, coalesce(list_sum(list_transform(fee_details, lambda x: x.amount)), 0) AS details FROM balance_transactions
				WHERE len(list_filter(coalesce(fee_details, []), lambda x: x.currency <> currency)) = 0) c
			WHERE fee <> details GROUP BY ALL`,
	},
}

const ledgerGroup = `concat_ws(' ', account, currency, CAST(created AS DATE), reporting_category)`

// chargeQuestions checks each charge against its balance transaction. Stripe: a
// charge that failed or is not captured has none. A partial capture is booked
// in full, with a reversal of its own, or with the amount captured. In another
// currency it is converted at the rate of the day.
var chargeQuestions = ledgerQuestion{
	table: "charges", unit: "charges", count: "SELECT count(*) FROM charges",
	columns: []string{
		"amount", "amount_captured", "status", "captured", "currency", "created", "synced_at", "balance_transaction_id",
		"balance_transactions.source_id", "balance_transactions.amount", "balance_transactions.currency", "balance_transactions.type", "balance_transactions.created",
	},
	queries: []string{
		`SELECT 'charge without balance transaction', concat(c.account, '/', c.id), concat('captured ', {c.amount_captured}, {of}, c.currency)
			FROM charges c LEFT JOIN covered k ON k.account = c.account AND k.resource = 'charges'
			WHERE c.status = 'succeeded' AND c.captured AND {c.amount_captured} > 0 AND {null c.amount_captured} AND c.balance_transaction_id IS NULL AND NOT c.deleted AND ` + bookedByNow,
		`SELECT 'balance transaction of another source', concat(c.account, '/', b.id), concat('charge ', c.id, ' names it, and it names ', b.source_id)
			FROM charges c JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id WHERE b.source_id <> c.id`,
		`SELECT 'charge and balance transaction differ', concat(c.account, '/', c.id), concat('charge ', {c.amount}, {of}, c.currency, ', balance transaction ', {b.amount}, {of}, b.currency)
			FROM charges c JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id
			WHERE b.source_id = c.id AND b.currency = c.currency AND {b.amount} NOT IN ({c.amount}, {c.amount_captured}) AND {null c.amount}`,
		`SELECT 'balance transaction without charge', concat(c.account, '/', c.id), concat('it names ', c.source_id)
			FROM balance_transactions c JOIN covered k ON k.account = c.account AND k.resource = 'charges'
			WHERE c.type IN ('charge', 'payment') AND regexp_matches(c.source_id, '^(ch|py)_') AND k.since IS NULL AND c.created < k.through
			AND NOT EXISTS (FROM charges x WHERE x.account = c.account AND x.id = c.source_id) AND ` + unlessRejected("charges", "c.source_id"),
	},
}

// refundQuestions checks each refund against its balance transaction. Stripe: a
// pending refund may have none yet, and one that releases an authorization
// never has. The transaction of a refund that failed stays, and another returns
// the money.
var refundQuestions = ledgerQuestion{
	table: "refunds", unit: "refunds", count: "SELECT count(*) FROM refunds",
	columns: []string{
		"amount", "status", "reason", "currency", "created", "synced_at", "charge_id", "balance_transaction_id", "failure_balance_transaction_id",
		"balance_transactions.source_id", "balance_transactions.amount", "balance_transactions.currency", "balance_transactions.type", "charges.captured",
	},
	queries: []string{
		`SELECT 'refund without balance transaction', concat(c.account, '/', c.id), concat({c.amount}, {of}, c.currency, ' of ', c.charge_id)
			FROM refunds c JOIN charges p ON p.account = c.account AND p.id = c.charge_id AND p.captured
			LEFT JOIN covered k ON k.account = c.account AND k.resource = 'refunds'
			WHERE c.status = 'succeeded' AND {c.amount} > 0 AND {null c.amount} AND c.reason IS DISTINCT FROM 'expired_uncaptured_charge' AND c.balance_transaction_id IS NULL AND ` + bookedByNow,
		`SELECT 'balance transaction of another source', concat(c.account, '/', b.id), concat('refund ', c.id, ' names it, and it names ', b.source_id)
			FROM refunds c JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id WHERE b.source_id <> c.id`,
		`SELECT 'refund and balance transaction differ', concat(c.account, '/', c.id), concat('refund ', {c.amount}, {of}, c.currency, ', balance transaction ', {b.amount}, {of}, b.currency)
			FROM refunds c JOIN balance_transactions b ON b.account = c.account AND b.id = c.balance_transaction_id
			WHERE b.source_id = c.id AND b.currency = c.currency AND {b.amount} <> -{c.amount} AND {null c.amount}`,
		`SELECT 'failed refund and balance transaction differ', concat(c.account, '/', c.id), concat('refund ', {c.amount}, {of}, c.currency, ', balance transaction ', {b.amount}, {of}, b.currency)
			FROM refunds c JOIN balance_transactions b ON b.account = c.account AND b.id = c.failure_balance_transaction_id
			WHERE b.currency = c.currency AND {b.amount} <> {c.amount} AND {null c.amount}`,
		`SELECT 'balance transaction without refund', concat(c.account, '/', c.id), concat('it names ', c.source_id)
			FROM balance_transactions c JOIN covered k ON k.account = c.account AND k.resource = 'refunds'
			WHERE c.type IN ('refund', 'payment_refund') AND regexp_matches(c.source_id, '^(re|pyr)_') AND k.since IS NULL AND c.created < k.through
			AND NOT EXISTS (FROM refunds x WHERE x.account = c.account AND x.id = c.source_id) AND ` + unlessRejected("refunds", "c.source_id"),
	},
}

// refundedAmountQuestions checks each charge's refunded amount against its
// refunds. Stripe: refunds that failed or were canceled do not count; the part
// that a partial capture released may count.
var refundedAmountQuestions = ledgerQuestion{
	table: "charges", unit: "charges", count: "SELECT count(*) FROM charges",
	columns: []string{"amount", "amount_captured", "amount_refunded", "created", "synced_at", "refunds.amount", "refunds.status", "refunds.charge_id", "refunds.synced_at"},
	queries: []string{
		`SELECT 'refunds do not sum up', concat(c.account, '/', c.id), concat('it says ', {c.amount_refunded}, {of}, c.currency, ' was refunded, and its refunds are ', coalesce(r.amount, 0))
			FROM charges c JOIN covered k ON k.account = c.account AND k.resource = 'refunds' JOIN covered o ON o.account = c.account AND o.resource = 'charges'
			LEFT JOIN (SELECT account, charge_id, sum({amount}) FILTER (status NOT IN ('failed', 'canceled')) AS amount, max(synced_at) AS synced_at FROM refunds GROUP BY ALL) r
				ON r.account = c.account AND r.charge_id = c.id
			WHERE {c.amount_refunded} <> coalesce(r.amount, 0) AND {null c.amount_refunded}
			AND {c.amount_refunded} <> coalesce(r.amount, 0) + {c.amount} - {c.amount_captured}
			AND (k.since IS NULL OR c.created >= k.since)
			AND greatest(c.synced_at, r.synced_at) < least(k.through, o.through, coalesce(k.as_of, k.through), coalesce(o.as_of, o.through))
			AND NOT EXISTS (FROM meta.rejects x WHERE x.account = c.account AND x.stream = 'refunds')`,
	},
}

// unlessRejected is the SQL of an object that was not refused. A refused object
// is in the log and has no row.
func unlessRejected(stream, id string) string {
	return fmt.Sprintf("NOT EXISTS (FROM meta.rejects x WHERE x.account = c.account AND x.stream = '%s' AND x.id = %s)", stream, id)
}

// checkLedger checks the ledger in the published warehouse. It returns the
// objects that rows name and the lake does not hold, by account and resource.
func checkLedger(ctx context.Context, lake *load.Lake, verification *verify.Verification, set *schemas.Set) (orphans map[string]map[string][]load.Reread, err error) {
	published, err := verification.OpenLedger(ctx)
	if err != nil {
		return nil, err
	}
	l := ledger{lake: lake, Verification: verification, orphans: map[string]map[string][]load.Reread{}}
	if l.forgotten, err = lake.Forgotten(); err != nil {
		return nil, err
	}
	for _, q := range []struct {
		check string
		ledgerQuestion
	}{{"ledger", transactionQuestions}, {"charges", chargeQuestions}, {"refunds", refundQuestions}, {"refunded amounts", refundedAmountQuestions}} {
		c := verification.Begin("", q.check, q.unit)
		if !published {
			c.Note("nothing is published to ask")
			continue
		}
		if err := l.ask(ctx, c, q.ledgerQuestion); err != nil {
			return nil, fmt.Errorf("%s: %w", q.check, err)
		}
	}
	return l.orphans, l.references(ctx, published, set)
}

// ledger checks the published tables of a lake.
type ledger struct {
	*verify.Verification
	lake      *load.Lake
	forgotten *load.Forgotten
	orphans   map[string]map[string][]load.Reread // by account and resource: objects that rows name and the lake lacks
}

func (l *ledger) ask(ctx context.Context, c *verify.Checked, q ledgerQuestion) error {
	missing, err := l.missingColumn(ctx, q)
	if err != nil {
		return err
	}
	if missing != "" {
		c.Note("not asked: there is no column %s", missing)
		return nil
	}
	if err := l.Query(ctx, []any{&c.LookedAt}, func() error { return nil }, q.count); err != nil {
		return err
	}
	minor, err := l.haveMinor(ctx, q)
	if err != nil {
		return err
	}
	for _, query := range q.queries {
		queries := []string{inAmounts(query, false)}
		if minor && queries[0] != query {
			queries = append(queries, inAmounts(query, true))
		}
		for _, query := range queries {
			var f verify.Finding
			err := l.Query(ctx, []any{&f.Name, &f.What, &f.Says}, func() error {
				f.Fix = fixLedger
				if l.namesForgotten(f) {
					f.Fix = fixForgotten
				}
				c.Add(f)
				return nil
			}, query+" ORDER BY ALL")
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// namesForgotten reports whether a finding names an id of its account that was
// forgotten.
func (l *ledger) namesForgotten(f verify.Finding) bool {
	account, _, _ := strings.Cut(f.What, "/")
	return slices.ContainsFunc(wordPattern.FindAllString(f.Says, -1), func(id string) bool { return l.forgotten.Has(account, id) })
}

// haveMinor reports whether the lake's own schemas have minor units for all
// amounts of a question.
func (l *ledger) haveMinor(ctx context.Context, q ledgerQuestion) (bool, error) {
	for _, name := range q.columns {
		table, column := q.column(name)
		if !slices.Contains(ledgerAmounts, column) {
			continue
		}
		if there, err := l.Publishes(ctx, table, column+"_minor"); err != nil || !there {
			return false, err
		}
	}
	return true, nil
}

// column splits a column's name into its table and its own name.
func (q ledgerQuestion) column(name string) (table, column string) {
	if of, is, ok := strings.Cut(name, "."); ok {
		return of, is
	}
	return q.table, name
}

// missingColumn returns a column that a question needs and the lake's own
// schemas do not have, or "".
func (l *ledger) missingColumn(ctx context.Context, q ledgerQuestion) (string, error) {
	for _, name := range append([]string{"id"}, q.columns...) {
		table, column := q.column(name)
		there, err := l.Publishes(ctx, table, column)
		if err != nil || !there {
			return table + "." + column, err
		}
	}
	return "", nil
}
