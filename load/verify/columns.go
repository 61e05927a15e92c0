package verify

import "context"

// publishedColumns returns the columns of a table of the published warehouse in their
// order, or none if there is no such table. It reads the catalog once: DuckDB lists all
// columns of the warehouse, whichever are asked for.
func (v *Verification) publishedColumns(ctx context.Context, table string) ([]string, error) {
	if v.columns == nil {
		columns := map[string][]string{}
		var of, column string
		err := v.db.Each(ctx, []any{&of, &column}, func() error {
			columns[of] = append(columns[of], column)
			return nil
		}, "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'warehouse' AND schema_name = 'main' ORDER BY table_name, column_index")
		if err != nil {
			return nil, err
		}
		v.columns = columns
	}
	return v.columns[table], nil
}
