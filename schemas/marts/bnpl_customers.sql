-- Customers who paid, by currency: when they began to pay later, what it did to their basket, and whether to offer them an add-on.
--
-- An add-on is anything they subscribe to. The segment is for offers before the next checkout.

WITH paid AS (
  SELECT *,
    lag(method) OVER one AS before,
    min(created) FILTER (pays_later) OVER (one ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS later_since
  FROM attempts
  WHERE succeeded AND customer_id IS NOT NULL
  WINDOW one AS (PARTITION BY account, customer_id, currency ORDER BY created, payment_id)
),
customers_paid AS (
  SELECT account, customer_id, currency,
    count(*) AS payments,
    count(*) FILTER (pays_later) AS paid_later,
    arg_min(method, (created, payment_id)) AS first_method,
    arg_max(method, (created, payment_id)) AS last_method,
    count(*) FILTER (before <> method) AS switches,
    min(created) AS first_paid_at,
    max(created) AS last_paid_at,
    min(later_since) AS pays_later_since,
    sum(gross) AS gross,
    avg(gross) AS basket,
    avg(gross) FILTER (created < later_since) AS basket_before,
    avg(gross) FILTER (created >= later_since) AS basket_since
  FROM paid
  GROUP BY ALL
),
subscribed AS (
  SELECT account, customer_id, count(*) AS add_ons
  FROM subscriptions
  WHERE status IN ('active', 'trialing', 'past_due')
  GROUP BY ALL
)
SELECT
  c.account,                                                -- the Stripe account
  c.customer_id,                                            -- join customers for name and address
  c.currency,                                               -- of the amounts; a customer who pays in two has two rows
  c.payments,                                               -- that took money
  c.paid_later,                                             -- of them, by buy now, pay later
  c.payments > 1 AS repeats,                                -- paid more than once
  c.first_method,                                           -- card, klarna, …
  c.last_method,                                            -- of the newest payment
  c.switches,                                               -- how often a payment was by another method than the one before
  c.first_paid_at,                                          -- UTC
  c.last_paid_at,                                           -- UTC
  c.pays_later_since,                                       -- first payment by buy now, pay later (UTC); null if never
  c.gross,                                                  -- all that was taken
  -- An average is binary: to six places first, so that half of the last one rounds up.
  c.basket::DECIMAL(18, 6)::DECIMAL(18, 3) AS basket,                       -- average payment
  c.basket_before::DECIMAL(18, 6)::DECIMAL(18, 3) AS basket_before,         -- average payment before the first one by buy now, pay later
  c.basket_since::DECIMAL(18, 6)::DECIMAL(18, 3) AS basket_since,           -- average payment from then on
  (median(c.basket) OVER (PARTITION BY c.account, c.currency))::DECIMAL(18, 6)::DECIMAL(18, 3) AS median_basket, -- of all customers in that currency, the same in each of its rows
  coalesce(s.add_ons, 0) AS add_ons,                        -- subscriptions that run
  CASE
    WHEN c.paid_later = 0 THEN 'pays at once'
    WHEN s.add_ons > 0 THEN 'pays later, has an add-on'
    WHEN c.basket > median(c.basket) OVER (PARTITION BY c.account, c.currency) THEN 'pays later, basket above median, no add-on yet'
    ELSE 'pays later, no add-on yet'
  END AS segment                                            -- for offers
FROM customers_paid c
LEFT JOIN subscribed s ON s.account = c.account AND s.customer_id = c.customer_id;

-- By account, customer and currency, this is what attempts have that took money.
SELECT 'bnpl_customers' AS book, account, customer_id, currency, payments, paid_later, gross FROM bnpl_customers
UNION ALL
SELECT 'attempts', account, customer_id, currency, 1, pays_later::INTEGER, gross FROM attempts WHERE succeeded AND customer_id IS NOT NULL;
