-- What was taken, given back and kept, by day and currency.
--
-- Days are those of UTC, or of `SET VARIABLE time_zone = 'Europe/Berlin'` before the query. A refund counts on the day of its
-- charge; `ledger` has it on its own.

WITH firsts AS (
  SELECT account, customer_id, min((created, payment_id)) AS first
  FROM attempts
  WHERE succeeded AND customer_id IS NOT NULL
  GROUP BY ALL
)
SELECT
  account,                                                  -- the Stripe account
  ((created AT TIME ZONE 'UTC') AT TIME ZONE coalesce(getvariable('time_zone'), 'UTC'))::DATE AS day, -- in the reporting time zone
  currency,                                                 -- of the amounts
  count(*) AS attempts,                                     -- charges, whatever came of them
  count(*) FILTER (succeeded) AS payments,                  -- that took money
  sum(gross) AS gross,                                      -- what they took
  sum(refunded) AS refunded,                                -- of it, given back by now, as far as known
  sum(kept) AS kept,                                        -- gross less refunded, of the payments of which it is known
  count(*) FILTER (succeeded AND refunded IS NULL) AS refunds_unknown, -- payments of which it is not known: in gross, and neither in refunded nor in kept
  coalesce(sum(gross) FILTER (pays_later), 0) AS paid_later, -- of gross, by buy now, pay later
  count(DISTINCT customer_id) FILTER (succeeded) AS customers, -- who paid on that day; guests are not among them. Not to be added up: who pays on two days counts on both
  count(*) FILTER (succeeded AND (created, payment_id) > first) AS returning_payments  -- payments of customers who had paid before
FROM attempts
LEFT JOIN firsts USING (account, customer_id)
GROUP BY ALL;

-- By account and currency, this is what attempts have.
SELECT 'revenue_daily' AS book, account, currency, attempts, payments, gross, refunded, kept, refunds_unknown, paid_later FROM revenue_daily
UNION ALL
SELECT 'attempts', account, currency, 1, succeeded::INTEGER, gross, refunded, kept, (succeeded AND refunded IS NULL)::INTEGER, CASE WHEN pays_later THEN gross ELSE 0 END
FROM attempts;
