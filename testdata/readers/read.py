"""read.py READER CODE: reads a lake by the line of Python that docs/analysts.md
gives for READER, in the folder lake/current.

CODE reads the table charges and is run for each table with its name instead.
Questions come on standard input: SQL a line for readers that have it, else
table, column, grouping column and measure with tabs between them. The first line
of the output is the reader's version, each other one an answer: table, column,
grouping column, group, count, sum."""

import os
import sys

READER, CODE = sys.argv[1:]
QUESTIONS = sys.stdin.read().splitlines()
asking = "before the first question"


def fail(kind, error, _):
    """What a reader cannot do is one line that names what it was asked."""
    print(f"{asking}: {kind.__name__}: {error}", file=sys.stderr)


sys.excepthook = fail


def questions():
    global asking
    for asking in QUESTIONS:
        yield asking


def answer(*values):
    print(*["-" if v is None else v for v in values], sep="\t")


def exact(count, total):
    """A sum as SQL writes it: none of no values, and no 0E-12 of decimals."""
    if count == 0 or total is None:
        return "-"
    return format(total, "f") if hasattr(total, "as_tuple") else total


def read(table):
    return eval(CODE.replace("charges", table))


def frames(groups):
    """Asks without SQL. groups gives group, count and sum of a frame's column."""
    frame = {}
    for question in questions():
        table, column, by, measure = question.split("\t")
        if table not in frame:
            frame = {table: read(table)}
        for group, count, total in groups(frame[table], column, by, measure):
            answer(table, column, by, group, count, exact(count, total))


def by_pandas(frame, column, by, measure):
    values = frame[column].str.len() if measure == "length" else frame[column]
    grouped = values.groupby(frame[by], dropna=False, observed=True)
    totals = grouped.sum() if measure else {}
    for group, count in grouped.count().items():
        yield None if pandas.isna(group) else group, count, totals[group] if measure else None


def by_polars(frame, column, by, measure):
    values = polars.col(column)
    total = {"sum": values, "length": values.str.len_chars()}.get(measure, polars.lit(None)).sum()
    yield from frame.group_by(by).agg(values.count().alias("_count"), total.alias("_sum")).rows()


def by_pyarrow(frame, column, by, measure):
    values = frame[column]
    if measure == "length":
        values = pyarrow.compute.utf8_length(values)
    asked = [("v", "count")] + ([("v", "sum")] if measure else [])
    table = pyarrow.table({"by": frame[by], "v": values}).group_by("by").aggregate(asked)
    for row in table.to_pylist():
        yield row["by"], row["v_count"], row.get("v_sum")


def sql(rows):
    """Asks in SQL, whose rows are answers."""
    for question in questions():
        for row in rows(question):
            answer(*row)


TABLES = sorted(name for name in os.listdir() if os.path.isdir(name))

if READER == "pandas":
    import pandas

    print(pandas.__version__)
    frames(by_pandas)
elif READER == "polars":
    import polars

    print(polars.__version__)
    frames(by_polars)
elif READER == "pyarrow":
    import pyarrow.compute
    import pyarrow.dataset

    print(pyarrow.__version__)
    frames(by_pyarrow)
elif READER == "DataFusion":
    import datafusion

    print(datafusion.__version__)
    ctx = datafusion.SessionContext()
    for name in TABLES:
        read(name)
    sql(lambda question: [row.values() for row in ctx.sql(question).to_pylist()])
elif READER == "DuckDB":
    import duckdb

    print(duckdb.__version__)
    for name in TABLES:
        read(name).create_view(name)
    sql(lambda question: duckdb.sql(question).fetchall())
elif READER == "DuckDB, warehouse":
    import duckdb

    print(duckdb.__version__)
    warehouse = eval(CODE)
    sql(lambda question: warehouse.sql(question).fetchall())
else:
    sys.exit(f"no reader is called {READER}")
