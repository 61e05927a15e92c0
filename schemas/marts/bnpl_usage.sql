-- Buy now, pay later by day, provider, currency and country.
--
-- Rates are of this row. To take them over several rows, divide the sums of what they are made of. A share of all that was paid
-- is of `checkout_daily`, added up apart.

WITH cells AS (
  SELECT account, created::DATE AS day, currency, country, bnpl_provider AS provider,
    count(*) AS attempts,
    count(*) FILTER (succeeded) AS payments,
    sum(gross) AS volume,
    count(*) FILTER (refunded > 0) AS refunded_payments,
    sum(refunded) AS refunded,
    count(*) FILTER (succeeded AND refunded IS NULL) AS refunds_unknown,
    count(*) FILTER (succeeded AND disputed) AS disputes,
    sum(cost) FILTER (succeeded) AS cost
  FROM payments
  WHERE bnpl_provider IS NOT NULL
  GROUP BY ALL
)
SELECT
  account,                                                  -- the Stripe account
  day,                                                      -- of the attempt (UTC)
  provider,                                                 -- klarna, afterpay_clearpay, affirm, zip, …
  currency,                                                 -- of the amounts
  country,                                                  -- of the payer; null where nothing tells
  attempts,                                                 -- charges, whatever came of them
  payments,                                                 -- of them, those that took money
  (payments / attempts)::DECIMAL(9, 6) AS success_rate,                     -- payments of attempts, 0 to 1
  volume,                                                   -- what was taken
  (volume / nullif(payments, 0))::DECIMAL(18, 6)::DECIMAL(18, 3) AS basket,  -- average payment
  refunded_payments,                                        -- payments given back in whole or part
  refunded,                                                 -- what was given back, as far as known
  refunds_unknown,                                          -- payments of which it is not known
  (refunded_payments / nullif(payments - refunds_unknown, 0))::DECIMAL(9, 6) AS refund_rate, -- refunded payments of those of which it is known, 0 to 1
  disputes,                                                 -- payments that were disputed
  (disputes / nullif(payments, 0))::DECIMAL(9, 6) AS dispute_rate, -- of payments, 0 to 1
  cost,                                                     -- fees in `currency`, at the rate at which each charge was settled
  (CASE WHEN volume > 0 THEN cost / volume END)::DECIMAL(9, 6) AS cost_rate -- of volume
FROM cells;

-- By account, provider and currency, this is what payments have of buy now, pay later.
SELECT 'bnpl_usage' AS book, account, provider, currency, attempts, payments, volume, refunded_payments, refunded, refunds_unknown, disputes, cost
FROM bnpl_usage
UNION ALL
SELECT 'payments', account, bnpl_provider, currency, 1, succeeded::INTEGER, gross, (refunded > 0)::INTEGER, refunded, (succeeded AND refunded IS NULL)::INTEGER,
  (succeeded AND disputed)::INTEGER, CASE WHEN succeeded THEN cost END
FROM payments
WHERE bnpl_provider IS NOT NULL;
