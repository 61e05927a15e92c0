-- Made duckdb.parquet, with DuckDB 1.5.5: the column types of a published partition.
COPY (
  SELECT * FROM (VALUES
    ('acct_1', 1::UBIGINT, 12.345::DECIMAL(18,3), 0.123456789012::DECIMAL(38,12), TIMESTAMP '2024-01-02 03:04:05.678901', DATE '2024-02-29',
     {'country': 'DE', 'line': NULL::VARCHAR}, [1, NULL, 3]::BIGINT[], MAP {'order_id': 'A-1', 'empty': NULL}, '{"a": [1, 2.50]}'::JSON, true, 1.5::DOUBLE, 7::SMALLINT, [{'id': 'si_1', 'amount': 1.5::DECIMAL(18,3)}]),
    ('acct_1', 2::UBIGINT, -0.001::DECIMAL(18,3), -99999999999999999999999999.999999999999::DECIMAL(38,12), TIMESTAMP '1969-12-31 23:59:59.999999', DATE '1900-01-01',
     NULL, []::BIGINT[], MAP {}::MAP(VARCHAR, VARCHAR), 'null'::JSON, false, 'nan'::DOUBLE, -1::SMALLINT, []),
    ('acct_ü', 3::UBIGINT, NULL, NULL, NULL, NULL, {'country': NULL, 'line': 'Straße 1'}, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
  ) AS t(account, _seq, amount, exact, created, day, address, numbers, metadata, raw, live, ratio, tries, items)
) TO 'duckdb.parquet' (FORMAT parquet, COMPRESSION zstd, KV_METADATA {note: 'made by DuckDB'});
