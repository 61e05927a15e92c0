-- Monthly recurring revenue and churn, by month and currency, from subscriptions and their items as they are now.
--
-- A subscription counts from its start, or the end of its trial, until ended_at, if it is active, past_due or ended: never while it is
-- trialing, unpaid, paused or incomplete, or voids its invoices (pause_collection). What it was before it was changed is in the raw log
-- only: status, prices, quantities and coupons are those of today.
--
-- An item brings its quantity, in packages where the price has them (transform_quantity), times the amount in the subscription's own
-- currency: of the item's price, else of the option for that currency (prices.currency_options); by tiers where it has tiers. A year
-- counts as 12 months, 52 weeks or 365 days. Tax that comes on top is not in it; tax that the price contains is taken out, where a tax
-- rate says how much. Each item is rounded half up to 12 places, and the published sums once more.
--
-- A coupon counts where it is in force at the end of the month, or when the subscription ended: from its start until before its end. As
-- at Stripe the customer's applies where the subscription has none of its own. Only coupons of duration forever are taken from mrr; once
-- (for one billing period) and repeating are taken from mrr_discounted. A fixed amount is off each invoice.
--
-- What cannot be computed is counted apart and never guessed: the items_ and discounts_ columns.

WITH counted AS (
  SELECT account, id, customer_id, currency, ended_at, discount, default_tax_rates,
    len([d FOR d IN discount_ids IF d IS DISTINCT FROM discount.id]) AS further_discounts,
    greatest(coalesce(start_date, created), trial_end) AS paid_from
  FROM subscriptions
  WHERE (status IN ('active', 'past_due') OR status = 'canceled' AND ended_at > paid_from)
    AND pause_collection.behavior IS DISTINCT FROM 'void'
),
-- The terms of each item in the currency of its subscription; amounts in minor units.
offered AS (
  SELECT s.account, s.id AS subscription_id, i.id, i.interval, i.interval_count, i.usage_type = 'metered' AS metered,
    i.currency IS NOT DISTINCT FROM s.currency AS own_currency,
    coalesce(i.billing_scheme = 'tiered', false) AS tiered, i.tiers_mode = 'graduated' AS graduated,
    CASE
      WHEN i.transform_quantity.divide_by IS NULL THEN i.quantity
      WHEN i.transform_quantity.round = 'up' THEN (i.quantity + i.transform_quantity.divide_by - 1) // i.transform_quantity.divide_by
      WHEN i.transform_quantity.round = 'down' THEN i.quantity // i.transform_quantity.divide_by
    END AS quantity,
    p.currency_options -> lower(s.currency) AS option,
    CASE WHEN own_currency THEN coalesce(i.unit_amount_decimal, i.unit_amount_minor)
      ELSE TRY_CAST(coalesce(option ->> 'unit_amount_decimal', option ->> 'unit_amount') AS DECIMAL(38, 12)) END AS unit_amount,
    CASE WHEN NOT own_currency THEN [
        {up_to: t.up_to, unit: coalesce(t.unit_amount_decimal, t.unit_amount), flat: coalesce(t.flat_amount_decimal, t.flat_amount)}
        FOR t IN TRY_CAST(option -> 'tiers' AS STRUCT(up_to BIGINT, unit_amount DECIMAL(38, 12), unit_amount_decimal DECIMAL(38, 12),
          flat_amount DECIMAL(38, 12), flat_amount_decimal DECIMAL(38, 12))[])]
      WHEN p.currency = s.currency THEN [
        {up_to: t.up_to, unit: coalesce(t.unit_amount_decimal, t.unit_amount_minor), flat: coalesce(t.flat_amount_decimal, t.flat_amount_minor)}
        FOR t IN p.tiers]
    END AS tiers,
    CASE i.interval WHEN 'day' THEN 365 WHEN 'week' THEN 52 WHEN 'month' THEN 12 WHEN 'year' THEN 1 END AS times_a_year,
    CASE i.interval WHEN 'day' THEN to_days(i.interval_count) WHEN 'week' THEN to_days(7 * i.interval_count)
      WHEN 'month' THEN to_months(i.interval_count) WHEN 'year' THEN to_years(i.interval_count) END AS period,
    CASE
      WHEN s.currency IN ('BIF', 'CLP', 'DJF', 'GNF', 'JPY', 'KMF', 'KRW', 'MGA', 'PYG', 'RWF', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') THEN 1
      WHEN s.currency IN ('BHD', 'JOD', 'KWD', 'OMR', 'TND') THEN 1000
      ELSE 100
    END AS minor_units,
    CASE WHEN len(i.tax_rates) > 0 THEN i.tax_rates ELSE s.default_tax_rates END AS rates,
    coalesce(list_sum([r.percentage FOR r IN rates IF r.inclusive]), 0) AS tax_percent,
    i.tax_behavior = 'inclusive' AND tax_percent = 0 AS unknown_tax,
    len(i.discount_ids) AS discounts
  FROM counted s
  JOIN subscription_items i ON i.account = s.account AND i.subscription_id = s.id
  LEFT JOIN prices p ON p.account = i.account AND p.id = i.price_id
),
tiers AS (
  SELECT account, id, quantity, graduated, tier, lag(tier.up_to, 1, 0) OVER (PARTITION BY account, id ORDER BY n) AS above
  FROM (SELECT *, unnest(tiers) AS tier, generate_subscripts(tiers, 1) AS n FROM offered WHERE tiered)
),
-- A graduated price fills one tier after the other; by volume all units are in the tier that the quantity reaches.
tiered AS (
  SELECT account, id,
    CASE WHEN bool_and(tier.unit IS NOT NULL OR tier.flat IS NOT NULL) AND max(coalesce(tier.up_to, quantity)) >= max(quantity) THEN
      coalesce(sum(coalesce(tier.flat, 0) + coalesce(tier.unit, 0) * CASE WHEN graduated THEN least(quantity, tier.up_to) - above ELSE quantity END)
        FILTER (quantity > above AND (graduated OR quantity <= coalesce(tier.up_to, quantity))), 0)
    END AS amount
  FROM tiers
  WHERE graduated IS NOT NULL
  GROUP BY ALL
),
-- Divided are whole numbers of 10^-12, for the quotient of two DECIMAL is a DOUBLE. DECIMAL(38, 12) as text always has 12 places.
charged AS (
  SELECT o.*, CASE WHEN o.tiered THEN t.amount ELSE unit_amount * quantity END::DECIMAL(38, 12) AS charge,
    replace(charge::VARCHAR, '.', '')::HUGEINT * times_a_year AS yearly, 12::HUGEINT * interval_count * minor_units AS share
  FROM offered o LEFT JOIN tiered t USING (account, id)
),
items AS (
  SELECT *,
    CASE WHEN NOT coalesce(metered, false) THEN (2 * yearly + share) // (2 * share) END AS with_tax,
    100000000::HUGEINT + (tax_percent * 1000000)::BIGINT AS taxed,
    ((200000000 * with_tax + taxed) // (2 * taxed))::DECIMAL(38, 0) * 0.000000000001 AS monthly
  FROM charged
),
billed AS (
  SELECT s.account, s.id, s.customer_id, s.currency, s.paid_from, s.ended_at, s.discount, sum(i.monthly)::DECIMAL(38, 12) AS gross,
    min(i.period) AS period, count(DISTINCT (times_a_year, interval_count)) = 1 AS one_interval, max(times_a_year) AS times_a_year, max(interval_count) AS interval_count,
    count(*) FILTER (i.monthly IS NULL) AS without_amount, count(*) FILTER (i.metered) AS metered,
    count(*) FILTER (i.monthly IS NULL AND NOT coalesce(i.metered, false) AND NOT i.own_currency) AS other_currency,
    count(*) FILTER (i.monthly IS NOT NULL AND i.unknown_tax) AS unknown_tax,
    coalesce(max(s.further_discounts), 0) AS further_discounts, coalesce(sum(i.discounts), 0) AS item_discounts
  FROM counted s JOIN items i ON i.account = s.account AND i.subscription_id = s.id
  GROUP BY ALL
),
-- What the coupon of a subscription, and that of its customer, takes off a month; why says why that is unknown.
coupons AS (
  SELECT account, id, own, d.duration, d.starts_at, coalesce(d.ends_at, d.starts_at + CASE d.duration
      WHEN 'once' THEN period WHEN 'repeating' THEN to_months(d.duration_in_months) END) AS ends_at,
    CASE
      WHEN len(d.applies_to_products) > 0 THEN 'products'
      WHEN d.percent_off IS NULL AND d.amount_off IS NULL THEN 'id'
      WHEN d.percent_off IS NULL AND (d.currency IS DISTINCT FROM currency OR NOT one_interval) THEN 'amount'
    END AS why,
    CASE
      WHEN why IS NOT NULL OR gross IS NULL THEN 0
      WHEN d.percent_off IS NOT NULL
        THEN ((2 * replace(gross::VARCHAR, '.', '')::HUGEINT * (d.percent_off * 1000000)::BIGINT + 100000000) // 200000000)::DECIMAL(38, 0) * 0.000000000001
      ELSE least(gross, ((2 * replace(d.amount_off::DECIMAL(38, 12)::VARCHAR, '.', '')::HUGEINT * times_a_year + 12 * interval_count)
        // (24 * interval_count))::DECIMAL(38, 0) * 0.000000000001)
    END::DECIMAL(38, 12) AS off
  FROM (
    SELECT *, true AS own, discount AS d FROM billed
    UNION ALL
    SELECT b.*, false, c.discount FROM billed b JOIN customers c ON c.account = b.account AND c.id = b.customer_id
  )
  WHERE d IS NOT NULL
),
months AS (
  SELECT unnest(generate_series(
    date_trunc('month', min(paid_from)),
    date_trunc('month', (SELECT max(synced_at) FROM subscriptions)),
    INTERVAL 1 MONTH))::DATE AS month
  FROM billed
),
running AS (
  SELECT month, b.*, paid_from < month AS at_start, coalesce(ended_at < month + INTERVAL 1 MONTH, false) AS ended,
    least(month + INTERVAL 1 MONTH, ended_at) AS moment
  FROM months JOIN billed b ON paid_from < month + INTERVAL 1 MONTH AND coalesce(ended_at >= month, true)
),
-- The coupons in force at that moment: the one of duration forever, and the one that is on the invoice.
discounted AS (
  SELECT r.*, coalesce(gross, 0) AS full_price,
    CASE
      WHEN o.duration = 'forever' THEN o
      WHEN c.duration = 'forever' AND further_discounts = 0 AND (o.id IS NULL OR o.duration IN ('once', 'repeating')) THEN c
    END AS lasting,
    CASE WHEN o.id IS NOT NULL THEN o WHEN further_discounts = 0 THEN c END AS present
  FROM running r
  LEFT JOIN coupons o ON o.account = r.account AND o.id = r.id AND o.own
    AND coalesce(o.starts_at < moment, true) AND coalesce(o.ends_at >= moment, true)
  LEFT JOIN coupons c ON c.account = r.account AND c.id = r.id AND NOT c.own
    AND coalesce(c.starts_at < moment, true) AND coalesce(c.ends_at >= moment, true)
),
states AS (
  SELECT *, NOT ended AS at_end, NOT at_start AS began,
    full_price - coalesce(lasting.off, 0) AS monthly, full_price - coalesce(present.off, 0) AS discounted,
    list_distinct([lasting.own::INTEGER || lasting.why, present.own::INTEGER || present.why]) AS unknown
  FROM discounted
)
SELECT
  account,                                                  -- the Stripe account
  month,                                                    -- its first day (UTC)
  currency,                                                 -- of the amounts
  count(*) FILTER (at_end) AS subscriptions,                -- that count at the end of the month
  coalesce(sum(monthly) FILTER (at_end), 0)::DECIMAL(38, 3) AS mrr, -- what they bring in a month, less coupons of duration forever
  coalesce(sum(discounted) FILTER (at_end), 0)::DECIMAL(38, 3) AS mrr_discounted, -- the same, less also coupons that end: once and repeating
  coalesce(sum(monthly) FILTER (began), 0)::DECIMAL(38, 3) AS new_mrr, -- what those bring that began in the month, also if they ended in it
  coalesce(sum(monthly) FILTER (ended), 0)::DECIMAL(38, 3) AS churned_mrr, -- what those brought that ended in the month
  count(*) FILTER (began) AS new_subscriptions,             -- that began in the month, also if they ended in it
  count(*) FILTER (ended) AS churned,                       -- subscriptions that ended in the month, by ended_at
  ((2000000 * churned + count(*)) // (2 * count(*)) * 0.000001)::DECIMAL(9, 6) AS churn_rate, -- churned of those at the start of the month and new_subscriptions, 0 to 1
  coalesce(sum(without_amount) FILTER (at_end), 0)::BIGINT AS items_without_amount, -- not in mrr: metered, of another currency, or with an amount or tiers that the lake does not have
  coalesce(sum(metered) FILTER (at_end), 0)::BIGINT AS items_metered, -- of them, those that cost by use
  coalesce(sum(other_currency) FILTER (at_end), 0)::BIGINT AS items_without_currency, -- of them, those whose price has no known amount in the subscription's currency
  coalesce(sum(unknown_tax) FILTER (at_end), 0)::BIGINT AS items_with_unknown_tax, -- in mrr with the tax that their price contains, since no tax rate says how much
  coalesce(sum(further_discounts + item_discounts + len([w FOR w IN unknown IF w[2:] = 'id'])) FILTER (at_end), 0)::BIGINT AS discounts_by_id, -- not taken off: the lake has no more than their id
  coalesce(sum(len([w FOR w IN unknown IF w[2:] = 'products'])) FILTER (at_end), 0)::BIGINT AS discounts_on_some_products, -- not taken off: the coupon applies to some products only
  coalesce(sum(len([w FOR w IN unknown IF w[2:] = 'amount'])) FILTER (at_end), 0)::BIGINT AS discounts_without_amount -- not taken off: a fixed amount of another currency, or off items of several intervals
FROM states
GROUP BY ALL;

-- By account and currency, the subscriptions that began less those that ended are those at the end of the last month. Of the amounts there is no
-- second book: Stripe's API has none of recurring revenue.
SELECT 'flow' AS book, account, currency, new_subscriptions - churned AS subscriptions FROM recurring_revenue
UNION ALL
SELECT 'stock', account, currency, arg_max(subscriptions, month) FROM recurring_revenue GROUP BY ALL;
