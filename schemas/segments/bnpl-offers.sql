-- Customers to recommend an add-on to before their next checkout: they pay later, their basket is above the median, and they have no add-on yet.
--
-- One row a customer and currency, with what an offer engine needs to find the customer and to size the offer.
--
-- personal: email_sha256 = sha256(customers.email) -- trimmed, in lower case, then SHA-256 in hex, as AEP's namespace Email_LC_SHA256 has it
-- personal: email = customers.email                -- as Stripe has it

WITH countries AS (
  SELECT account, customer_id, currency, arg_max(country, (created, payment_id)) AS country
  FROM payments
  WHERE succeeded AND country IS NOT NULL
  GROUP BY ALL
)
SELECT
  b.account,                                                -- the Stripe account
  b.customer_id,                                            -- Stripe's ID of the customer: match on it
  b.currency,                                               -- of the amounts; a customer who pays in two has two rows
  c.country,                                                -- of the payer at the last payment that tells one
  b.basket,                                                 -- average payment
  b.median_basket,                                          -- of all customers in that currency
  b.basket_before,                                          -- average payment before the first one by buy now, pay later
  b.basket_since,                                           -- average payment from then on
  b.payments,                                               -- that took money
  b.paid_later,                                             -- of them, by buy now, pay later
  b.first_method,                                           -- card, klarna, …
  b.last_method,                                            -- of the newest payment
  b.pays_later_since,                                       -- first payment by buy now, pay later (UTC)
  b.last_paid_at                                            -- UTC
FROM bnpl_customers b
LEFT JOIN countries c ON c.account = b.account AND c.customer_id = b.customer_id AND c.currency = b.currency
WHERE b.segment = 'pays later, basket above median, no add-on yet'
