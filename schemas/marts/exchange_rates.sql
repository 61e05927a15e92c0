-- The rates at which Stripe settled charges, by day: the only ones that this warehouse converts with.
--
-- Rates are between major units, such as dollars. Stripe's own exchange_rate is between minor ones, such as cents and yen.

WITH settled AS (
  SELECT c.account, b.id, b.created, c.currency AS from_currency, b.currency AS to_currency,
    (b.exchange_rate * (c.amount_minor / c.amount) / (b.amount_minor / b.amount))::DECIMAL(24, 12) AS rate
  FROM balance_transactions b
  JOIN charges c ON c.account = b.account AND c.balance_transaction_id = b.id
  WHERE b.exchange_rate IS NOT NULL AND c.amount <> 0 AND b.amount <> 0
)
SELECT
  account,                                                  -- the Stripe account
  created::DATE AS day,                                     -- of the settlement (UTC)
  from_currency,                                            -- of the charge
  to_currency,                                              -- of the balance
  arg_max(rate, (created, id)) AS rate,                     -- the day's last: one unit of from_currency in to_currency
  min(rate) AS lowest,                                      -- of the day
  max(rate) AS highest,                                     -- of the day
  count(*) AS charges                                       -- that were settled at them
FROM settled
GROUP BY ALL
