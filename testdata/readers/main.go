// Command readers proves that what stripelake publishes means the same to
// whatever reads it.
//
//	readers STRIPELAKE DIR
//
// It has the program STRIPELAKE copy a simulated business of two accounts into
// DIR/lake. Two readers in Go that share no code, xitongsys/parquet-go and
// parquet-go, read every segment under raw and every partition under current:
// schemas, the footers' key-value metadata and each cell must agree. Then each
// reader that docs/analysts.md names opens every table as it says there, and
// counts and adds up all columns by currency, as [question] has it; the answers
// must be those of the warehouse, asked through STRIPELAKE. DIR holds what
// install.sh put there. It exits with 1 at differences, each named, and when
// there was nothing to compare.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: readers STRIPELAKE DIR")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, os.Args[1], os.Args[2], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "readers:", err)
		os.Exit(1)
	}
}

// run leaves the lake behind where something is wrong.
func run(ctx context.Context, stripelake, dir string, out io.Writer) error {
	lake := filepath.Join(dir, "lake")
	if err := os.RemoveAll(lake); err != nil {
		return err
	}
	if err := makeLake(ctx, stripelake, lake); err != nil {
		return err
	}
	if err := compareFiles(lake, out); err != nil {
		return err
	}
	if err := compareReaders(ctx, stripelake, dir, lake, out); err != nil {
		return err
	}
	return os.RemoveAll(lake)
}
