-- Every movement of the balance by day, currency and reporting category, with the balance after the day.

WITH days AS (
  SELECT account, created::DATE AS day, currency, reporting_category,
    count(*) AS movements, sum(amount) AS amount, sum(fee) AS fee, sum(net) AS net,
    sum(net) FILTER (status = 'pending') AS pending
  FROM balance_transactions
  GROUP BY ALL
)
SELECT
  account,                                                  -- the Stripe account
  day,                                                      -- on which the movements were made (UTC)
  currency,                                                 -- in which the account is settled
  reporting_category,                                       -- charge, refund, dispute, payout, fee, …, as in Stripe's own reports
  movements,                                                -- balance transactions
  amount,                                                   -- before fees; negative where money left
  fee,                                                      -- taken by Stripe and applications
  net,                                                      -- amount less fee. Summed over all categories it is the change of the balance, payouts taken off: what was earned is in net_monthly
  coalesce(pending, 0) AS pending,                          -- of net, not yet available when last read
  sum(net) OVER (PARTITION BY account, currency ORDER BY day RANGE UNBOUNDED PRECEDING) AS balance_after -- of all categories, at the end of the day: the same in each row of the day, so not to be added up
FROM days;

-- By account, currency and category, the ledger is the balance transactions.
SELECT 'ledger' AS book, account, currency, reporting_category, movements, amount, fee, net, pending FROM ledger
UNION ALL
SELECT 'balance_transactions', account, currency, reporting_category, 1, amount, fee, net, CASE WHEN status = 'pending' THEN net ELSE 0 END
FROM balance_transactions;

-- By account and currency, the balance after the last day is what all balance transactions left.
SELECT 'ledger' AS book, account, currency, arg_max(balance_after, day) AS balance FROM ledger GROUP BY ALL
UNION ALL
SELECT 'balance_transactions', account, currency, net FROM balance_transactions;
