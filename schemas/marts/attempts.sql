-- One row a charge attempt: who tried to pay how, and what came of it.
--
-- This is `payments` without what reached the balance and without what the customer did before: where those are not asked for,
-- it answers sooner.

-- Of an authorization that is captured in part the rest is released. With an API version before 2025-03-31 Stripe made a Refund
-- of it and counts it in amount_refunded, although no money was given back; with a later one it does neither. An account may
-- have charges of both kinds. No more is given back than was captured, so mostly the amounts tell: less than the rest has no
-- release in it, and more than was captured has. Else the balance transactions of the refunds tell, where all are here.
WITH unsure AS (
  SELECT account, id
  FROM charges
  WHERE status = 'succeeded' AND captured AND amount_captured < amount AND amount_refunded BETWEEN amount - amount_captured AND amount_captured
),
listed AS (
  SELECT r.account, r.charge_id, sum(r.amount) AS amount,
    sum(r.amount) FILTER (b.reporting_category = 'partial_capture_reversal') AS released,
    -- A release is booked at once; what waits may not be.
    bool_and(b.reporting_category IS NOT NULL OR r.balance_transaction_id IS NULL AND r.status IN ('pending', 'requires_action')) AS told
  FROM refunds r
  SEMI JOIN unsure u ON u.account = r.account AND u.id = r.charge_id
  LEFT JOIN balance_transactions b ON b.account = r.account AND b.id = r.balance_transaction_id
  WHERE r.status NOT IN ('failed', 'canceled')
  GROUP BY ALL
),
decided AS (
  SELECT c.*,
    CASE
      WHEN amount_captured >= c.amount OR amount_refunded < c.amount - amount_captured THEN amount_refunded
      WHEN amount_refunded > amount_captured THEN amount_refunded - (c.amount - amount_captured)
      WHEN l.released IS NOT NULL THEN amount_refunded - l.released
      WHEN l.told AND l.amount = amount_refunded THEN amount_refunded
    END AS given_back
  FROM charges c
  LEFT JOIN listed l ON l.account = c.account AND l.charge_id = c.id
)
SELECT
  account,                                                                -- the Stripe account
  id AS payment_id,                                                       -- the charge
  created,                                                                -- when it was attempted (UTC)
  customer_id,                                                            -- null for a guest
  coalesce(bnpl.provider, payment_method.type, 'unknown') AS method,      -- the provider where one finances, else Stripe's type, such as card
  bnpl.provider AS bnpl_provider,                                         -- klarna, afterpay_clearpay, affirm, zip, …; null for other methods
  bnpl.product AS bnpl_product,                                           -- what the customer chose, where the provider says
  bnpl IS NOT NULL AND bnpl.deferred IS NOT false AS pays_later,          -- false for Klarna's pay_now, which is settled at once
  coalesce(bnpl.payer_country, billing.address.country, payment_method.country) AS country, -- of the payer, else of the bill, else of the card
  CASE WHEN status <> 'succeeded' THEN status WHEN captured THEN 'succeeded' ELSE 'authorized' END AS outcome, -- succeeded, authorized, pending or failed
  status = 'succeeded' AND captured AS succeeded,                         -- money was taken
  failure_code,                                                           -- why not, in Stripe's words
  currency,                                                               -- of the amounts that follow
  amount AS attempted,                                                    -- what was asked for
  amount_captured,                                                        -- what was taken or, while the payment is pending, is to be
  CASE WHEN succeeded THEN amount_captured ELSE 0 END AS gross,           -- what was taken
  CASE WHEN succeeded THEN given_back ELSE 0 END AS refunded,             -- of it, given back, without what a partial capture released; null where that is not known
  CASE WHEN succeeded THEN amount_captured - given_back ELSE 0 END AS kept, -- gross less refunded; null where that is not known
  disputed,                                                               -- the customer disputed it
  balance_transaction_id                                                  -- its first movement of the balance; null where nothing was settled
FROM decided;

-- By account and currency, attempts are the charges, and took what was captured of those that succeeded.
SELECT 'attempts' AS book, account, currency, 1 AS attempts, attempted, gross FROM attempts
UNION ALL
SELECT 'charges', account, currency, 1, amount, CASE WHEN status = 'succeeded' AND captured THEN amount_captured ELSE 0 END FROM charges;
