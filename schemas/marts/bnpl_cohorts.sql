-- Customers by the month of their first payment and whether it was by buy now, pay later: who comes back, and what they spend.

WITH firsts AS (
  SELECT account, customer_id, currency,
    date_trunc('month', min(created))::DATE AS cohort,
    arg_min(pays_later, (created, payment_id)) AS began_later
  FROM attempts
  WHERE succeeded AND customer_id IS NOT NULL
  GROUP BY ALL
),
sizes AS (
  SELECT account, currency, cohort, began_later, count(*) AS customers FROM firsts GROUP BY ALL
)
SELECT
  f.account,                                                -- the Stripe account
  f.currency,                                               -- of the amounts
  f.cohort,                                                 -- month of the first payment (UTC)
  f.began_later,                                            -- the first payment was by buy now, pay later
  datediff('month', f.cohort, p.created::DATE) AS month,    -- months since; 0 is the cohort's own
  any_value(z.customers) AS customers,                      -- in the cohort
  count(DISTINCT p.customer_id) AS active,                  -- of them, who paid in that month
  count(*) AS payments,                                     -- they made
  count(*) FILTER (p.pays_later) AS paid_later,             -- of those, by buy now, pay later
  sum(p.gross) AS volume                                    -- what was taken
FROM attempts p
JOIN firsts f ON f.account = p.account AND f.customer_id = p.customer_id AND f.currency = p.currency
JOIN sizes z ON z.account = f.account AND z.currency = f.currency AND z.cohort = f.cohort AND z.began_later = f.began_later
WHERE p.succeeded
GROUP BY ALL;

-- By account and currency, this is what attempts have that took money of a customer.
SELECT 'bnpl_cohorts' AS book, account, currency, payments, paid_later, volume FROM bnpl_cohorts
UNION ALL
SELECT 'attempts', account, currency, 1, pays_later::INTEGER, gross FROM attempts WHERE succeeded AND customer_id IS NOT NULL;
