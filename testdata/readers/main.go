// Command interop proves that a lake's Parquet files mean the same to two
// readers that share no code: xitongsys/parquet-go v1.6.2 and
// parquet-go/parquet-go.
//
//	interop LAKE…
//
// It reads every segment under LAKE/raw and every partition under
// LAKE/current with both, compares the schemas, the footers' key-value
// metadata and each cell (repetition level, definition level and value;
// decimals decoded, timestamps as the stored integers), and prints what it
// compared. It exits with 1 at differences, each named by file, row (from 0)
// and column, and when there was nothing to compare.
package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: interop LAKE…")
		os.Exit(2)
	}
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		os.Exit(1)
	}
}

// run compares the Parquet files of each lake and writes the differences and
// one summary line to out. It stops after the first file that differs.
func run(lakes []string, out io.Writer) error {
	var total tally
	for _, lake := range lakes {
		files, err := parquetFiles(lake)
		if err != nil {
			return err
		}
		for _, file := range files {
			counted, differences, err := compare(file, file)
			if err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			total.add(counted)
			for _, d := range differences {
				fmt.Fprintf(out, "%s: %s\n", file, d)
			}
			if len(differences) > 0 {
				return fmt.Errorf("%s: the readers disagree", file)
			}
		}
	}
	_, err := fmt.Fprintf(out, "interop: %d files, %d rows, %d cells: both readers agree\n", total.files, total.rows, total.cells)
	return err
}
