package rawlog

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/parquet-go/parquet-go"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/load/internal/parquetfile"
)

// Footer describes a segment. It is stored in Parquet's key/value metadata.
type Footer struct {
	Account, Stream   string
	FirstSeq, LastSeq uint64
	Cursor            string // opaque; follows the last object of the segment
	Sum               uint64 // checksum of all rows
	Forgotten         uint64 // number of rows of the range that were erased or dropped on request; their absence is no damage
	Lost              uint64 // how many of the Forgotten rows were damaged and given up
}

// Rows returns the number of rows that the segment must hold.
func (f Footer) Rows() uint64 { return f.LastSeq + 1 - f.FirstSeq - f.Forgotten }

const (
	keyFormat   = "stripelake.format"
	keyAccount  = "stripelake.account"
	keyStream   = "stripelake.stream"
	keyFirstSeq = "stripelake.first_seq"
	keyLastSeq  = "stripelake.last_seq"
	keyCursor   = "stripelake.cursor"
	keyForgot   = "stripelake.forgotten"
	keyLost     = "stripelake.lost"
	keySum      = "stripelake.xxh3" // of all rows; Parquet's own checksums are optional and cover less
)

// readFooter decodes the footer from a segment's metadata. A torn file already fails
// when it is opened. A newer format is an ErrNewerFormat.
func readFooter(file *parquet.File) (Footer, error) {
	var f Footer
	v, _ := file.Lookup(keyFormat)
	switch n, err := strconv.Atoi(v); {
	case err != nil || n < formatUTF8:
		return f, fmt.Errorf("segment format %q, want %d to %d", v, formatUTF8, formatLeftOut)
	case n > formatLeftOut:
		return f, fmt.Errorf("segment format %d: %w", n, ErrNewerFormat)
	}
	f.Account, _ = file.Lookup(keyAccount)
	f.Stream, _ = file.Lookup(keyStream)
	f.Cursor, _ = file.Lookup(keyCursor)
	first, _ := file.Lookup(keyFirstSeq)
	last, _ := file.Lookup(keyLastSeq)
	sum, _ := file.Lookup(keySum)
	forgotten, erased := file.Lookup(keyForgot)
	lost, damaged := file.Lookup(keyLost)
	var err1, err2, err3, err4, err5 error
	f.FirstSeq, err1 = strconv.ParseUint(first, 10, 63)
	f.LastSeq, err2 = strconv.ParseUint(last, 10, 63)
	f.Sum, err3 = strconv.ParseUint(sum, 16, 64)
	if erased {
		f.Forgotten, err4 = strconv.ParseUint(forgotten, 10, 63)
	}
	if damaged {
		f.Lost, err5 = strconv.ParseUint(lost, 10, 63)
	}
	err := errors.Join(err1, err2, err3, err4, err5)
	if err == nil && (f.LastSeq+1 < f.FirstSeq || f.Forgotten > f.LastSeq+1-f.FirstSeq) {
		err = fmt.Errorf("seqs %d to %d less %d forgotten", f.FirstSeq, f.LastSeq, f.Forgotten)
	}
	return f, err
}

// openSegment opens a segment and checks that its footer names this account and stream.
// The caller closes the os.File (Invariant 2).
func openSegment(path, account, stream string) (*os.File, *parquet.File, Footer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, Footer{}, err
	}
	fail := func(err error) (*os.File, *parquet.File, Footer, error) {
		return nil, nil, Footer{}, errors.Join(damaged(path, err), f.Close())
	}
	info, err := f.Stat()
	if err != nil {
		return fail(err)
	}
	var file *parquet.File
	var foot Footer
	err = parquetfile.Guard(func() (err error) {
		if err := parquetfile.CheckFooter(f, info.Size()); err != nil {
			return err
		}
		file, err = parquet.OpenFile(f, info.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
		if err == nil {
			err = parquetfile.CheckPages(f, info.Size(), file)
		}
		if err == nil {
			foot, err = readFooter(file)
		}
		return err
	})
	if errors.Is(err, ErrNewerFormat) {
		return nil, nil, Footer{}, errors.Join(&hint.Error{Err: fmt.Errorf("%s: %w", path, err), Fix: fixNewer}, f.Close())
	}
	if err != nil {
		return fail(err)
	}
	if foot.Account != account || foot.Stream != stream {
		return fail(&foreignSegmentError{foot.Account, foot.Stream})
	}
	return f, file, foot, nil
}

// foreignSegmentError is the error for a segment of another stream.
type foreignSegmentError struct{ account, stream string }

func (e *foreignSegmentError) Error() string {
	return fmt.Sprintf("it belongs to %s/%s", e.account, e.stream)
}
