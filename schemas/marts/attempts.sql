-- One row a charge attempt: who tried to pay how, and what came of it.
--
-- This is `payments` without what reached the balance and without what the customer did before: where those are not asked for,
-- it answers sooner.

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
  CASE WHEN succeeded THEN amount_refunded ELSE 0 END AS refunded,        -- of it, given back
  CASE WHEN succeeded THEN amount_net ELSE 0 END AS kept,                 -- gross less refunded
  disputed,                                                               -- the customer disputed it
  balance_transaction_id                                                  -- its first movement of the balance; null where nothing was settled
FROM charges
