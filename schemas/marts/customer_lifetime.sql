-- What each customer brought since the first payment, by currency.
--
-- Rank and divide customers within a currency, as decile does: 5,000 are much in dollars and little in yen.

SELECT
  p.account,                                                -- the Stripe account
  p.customer_id,                                            -- join customers for name and address
  p.currency,                                               -- of the amounts; a customer who pays in two has two rows
  min(p.created) FILTER (p.succeeded) AS first_paid_at,     -- UTC; null if no attempt succeeded
  max(p.created) FILTER (p.succeeded) AS last_paid_at,      -- UTC
  count(*) AS attempts,                                     -- charges, whatever came of them
  count(*) FILTER (p.succeeded) AS payments,                -- that took money
  sum(p.gross) AS gross,                                    -- what they took
  sum(p.refunded) AS refunded,                              -- of it, given back, as far as known
  sum(p.kept) AS kept,                                      -- gross less refunded, of the payments of which it is known
  count(*) FILTER (p.succeeded AND p.refunded IS NULL) AS refunds_unknown, -- payments of which it is not known: in gross, and neither in refunded nor in kept
  count(*) FILTER (p.succeeded AND p.disputed) AS disputes, -- payments that were disputed
  count(*) FILTER (p.succeeded AND p.pays_later) AS paid_later, -- payments by buy now, pay later
  sum(p.cost) FILTER (p.succeeded) AS cost,                 -- fees in `currency`, at the rate at which each charge was settled
  CASE WHEN bool_or(p.succeeded) THEN 1 + 10 * (rank() OVER (payers ORDER BY sum(p.gross) DESC) - 1) // count(*) OVER payers END AS decile -- by gross, of those who paid in that currency: 1 for the tenth who brought most, 10 for the last; null if no attempt succeeded
FROM payments p
WHERE p.customer_id IS NOT NULL
GROUP BY p.account, p.customer_id, p.currency
WINDOW payers AS (PARTITION BY p.account, p.currency, bool_or(p.succeeded));

-- By account, customer and currency, this is what payments have.
SELECT 'customer_lifetime' AS book, account, customer_id, currency, attempts, payments, gross, refunded, kept, refunds_unknown, paid_later, cost FROM customer_lifetime
UNION ALL
SELECT 'payments', account, customer_id, currency, 1, succeeded::INTEGER, gross, refunded, kept, (succeeded AND refunded IS NULL)::INTEGER,
  (succeeded AND pays_later)::INTEGER, CASE WHEN succeeded THEN cost END
FROM payments
WHERE customer_id IS NOT NULL;
