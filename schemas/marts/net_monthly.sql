-- What was earned by month and currency, apart from payouts: how the balance became what it is.
--
-- Each amount has the sign with which it moved the balance. gross, refunds, disputes, fees, transfers and other add up to net, what
-- was earned; net, payouts and not_earned add up to change, which is net of `ledger`. Stripe's own report calls change less payouts
-- the balance change from activity. A month in which nothing moved has no row.

WITH sorted AS (
  SELECT account, date_trunc('month', day)::DATE AS month, currency, amount, fee, net,
    CASE
      WHEN reporting_category IN ('charge', 'charge_failure', 'partial_capture_reversal') THEN 'gross'
      WHEN reporting_category IN ('refund', 'refund_failure') THEN 'refunds'
      WHEN reporting_category IN ('dispute', 'dispute_reversal') THEN 'disputes'
      WHEN reporting_category IN ('fee', 'network_cost', 'tax') THEN 'fees'
      WHEN reporting_category IN ('transfer', 'transfer_reversal') THEN 'transfers'
      WHEN reporting_category IN ('payout', 'payout_reversal') THEN 'payouts'
      WHEN reporting_category IN ('topup', 'topup_reversal', 'connect_reserved_funds', 'risk_reserved_funds',
        'issuing_authorization_hold', 'issuing_authorization_release', 'payout_minimum_balance_hold', 'payout_minimum_balance_release',
        'advance', 'advance_funding', 'anticipation_repayment',
        'financing_payout', 'financing_payout_reversal', 'financing_paydown', 'financing_paydown_reversal') THEN 'not_earned'
      ELSE 'other'
    END AS kind
  FROM ledger
)
SELECT
  account,                                                  -- the Stripe account
  month,                                                    -- its first day (UTC)
  currency,                                                 -- in which the account is settled, and of the amounts
  coalesce(sum(amount) FILTER (kind = 'gross'), 0) AS gross, -- taken from customers, less what failed later or was released by a partial capture
  coalesce(sum(amount) FILTER (kind = 'refunds'), 0) AS refunds, -- given back, less refunds that failed; negative
  coalesce(sum(amount) FILTER (kind = 'disputes'), 0) AS disputes, -- withdrawn for disputes, less what was won back; negative
  coalesce(sum(amount) FILTER (kind = 'fees'), 0) - sum(fee) AS fees, -- of every movement, and those booked on their own: by Stripe, networks, applications, and tax on them; negative
  coalesce(sum(amount) FILTER (kind = 'transfers'), 0) AS transfers, -- to connected accounts, less what was reversed; negative
  coalesce(sum(amount) FILTER (kind = 'other'), 0) AS other, -- all other categories, new ones too: earnings of a platform, adjustments, spending by issued cards; `ledger` has each
  gross + refunds + disputes + fees + transfers + other AS net, -- what was earned: without payouts and other money that only changes place
  coalesce(sum(amount) FILTER (kind = 'payouts'), 0) AS payouts, -- to the bank account, less what came back; negative. Not a cost
  coalesce(sum(amount) FILTER (kind = 'not_earned'), 0) AS not_earned, -- topups, reserves, holds, advances and loans with their repayment
  sum(sorted.net) AS change,                                -- of the balance: net, payouts and not_earned
  sum(sum(sorted.net)) OVER (PARTITION BY account, currency ORDER BY month) AS balance_after -- at the end of the month; not to be added up
FROM sorted
GROUP BY account, month, currency;

-- By account, currency and month, net, payouts and not_earned come to change, which is the ledger's net.
SELECT 'net_monthly' AS book, account, currency, month, net + payouts + not_earned AS parts, change FROM net_monthly
UNION ALL
SELECT 'ledger', account, currency, date_trunc('month', day)::DATE, net, net FROM ledger;

-- By account and currency, the balance after the last month is what all balance transactions left.
SELECT 'net_monthly' AS book, account, currency, arg_max(balance_after, month) AS balance FROM net_monthly GROUP BY ALL
UNION ALL
SELECT 'balance_transactions', account, currency, net FROM balance_transactions;
