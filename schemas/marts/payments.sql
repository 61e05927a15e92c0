-- One row a charge attempt: who paid how, what came of it and what it cost.
--
-- Amounts are in `currency`; what reached the account's balance is in `settled_in`. No sum here mixes currencies: refunds or
-- disputes that were settled in yet another one are in `payments_unassigned`, as is what no charge is known of.

WITH settled AS ( -- by movements beside each charge's first one, which few have
  SELECT account, payment_id, currency,
    sum(amount) FILTER (reporting_category = 'partial_capture_reversal') AS reversed,
    sum(amount) FILTER (reporting_category LIKE 'dispute%') AS dispute,
    sum(fee) AS fee,
    sum(net) AS net
  FROM payment_movements
  WHERE payment_id IS NOT NULL
  GROUP BY ALL
),
firsts AS (
  SELECT account, customer_id, min((created, payment_id)) AS first
  FROM attempts
  WHERE succeeded AND customer_id IS NOT NULL
  GROUP BY ALL
)
SELECT
  a.account,                                                -- the Stripe account
  a.payment_id,                                             -- the charge
  a.created,                                                -- when it was attempted (UTC)
  a.customer_id,                                            -- null for a guest
  a.method,                                                 -- the provider where one finances, else Stripe's type, such as card
  a.bnpl_provider,                                          -- klarna, afterpay_clearpay, affirm, zip, …; null for other methods
  a.bnpl_product,                                           -- what the customer chose, where the provider says
  a.pays_later,                                             -- false for Klarna's pay_now, which is settled at once
  a.country,                                                -- of the payer, else of the bill, else of the card
  a.outcome,                                                -- succeeded, authorized, pending or failed
  a.succeeded,                                              -- money was taken
  a.failure_code,                                           -- why not, in Stripe's words
  a.currency,                                               -- of the amounts that follow
  a.attempted,                                              -- what was asked for
  a.gross,                                                  -- what was taken
  a.refunded,                                               -- of it, given back, without what a partial capture released; null where that is not known
  a.kept,                                                   -- gross less refunded; null where that is not known
  a.disputed,                                               -- the customer disputed it
  CASE WHEN a.customer_id IS NOT NULL THEN coalesce((a.created, a.payment_id) > f.first, false) END AS returning_customer, -- the customer had paid before; null for a guest
  b.currency AS settled_in,                                 -- of the amounts that follow; null where nothing was settled
  b.amount + coalesce(s.reversed, 0) AS settled_gross,      -- what was taken, as settled
  s.dispute AS settled_disputes,                            -- withdrawn for all its disputes, less what was won back
  b.fee + coalesce(s.fee, 0) AS fee,                        -- fees of the charge, its refunds and its disputes
  b.net + coalesce(s.net, 0) AS settled_net,                -- what is left in the balance of all that
  CASE WHEN settled_gross <> 0 THEN round((b.fee + coalesce(s.fee, 0)) * a.amount_captured / settled_gross, 6)::DECIMAL(18, 6) END AS cost -- fee in `currency`, at the rate at which this charge was settled
FROM attempts a
LEFT JOIN balance_transactions b ON b.account = a.account AND b.id = a.balance_transaction_id
LEFT JOIN settled s ON s.account = a.account AND s.payment_id = a.payment_id AND s.currency = b.currency
LEFT JOIN firsts f ON f.account = a.account AND f.customer_id = a.customer_id
