package parquetfile

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// The Parquet reader allocates as much as a file declares. A file of twenty bytes that
// declares two thousand million row groups would end the program, past any recover. So
// the declared sizes are checked first.
const (
	maxPageBytes  = 128 << 20 // uncompressed; writeSegment ends a row group after 4 MiB and one object
	maxPageValues = 1 << 20   // a segment has some 20,000 rows
	pageHeader    = 4 << 10   // bytes read at first; a header may hold the page's least and greatest value
)

var errImplausible = errors.New("it says that it holds more than its bytes can")

// CheckFooter checks that no list and no text in the footer is longer than the footer.
func CheckFooter(r io.ReaderAt, size int64) error {
	var tail [8]byte
	if size < int64(len(tail)) {
		return errors.New("it is cut short")
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != "PAR1" || length > size-8 {
		return errors.New("it is no whole Parquet file")
	}
	footer := make([]byte, length)
	if _, err := r.ReadAt(footer, size-8-length); err != nil {
		return err
	}
	_, err := (&compact{rest: footer}).fields(0)
	return err
}

// beginsFooter reports whether a file ends with the mark and a length, and a footer
// begins there: its first fields are the version and the list of the schema.
func beginsFooter(r io.ReaderAt, size int64) (bool, error) {
	var tail [8]byte
	if size < int64(len(tail)) {
		return false, nil
	}
	if _, err := r.ReadAt(tail[:], size-8); err != nil {
		return false, err
	}
	length := int64(binary.LittleEndian.Uint32(tail[:4]))
	if string(tail[4:]) != parquetMark || length > size-8 || length < 3 {
		return false, nil
	}
	var head [3]byte
	if _, err := r.ReadAt(head[:], size-8-length); err != nil {
		return false, err
	}
	return head[0] == 0x15 && head[2] == 0x19, nil // Thrift's compact protocol: an i32, then a list
}

// CheckPages checks that the pages of each column lie in the file, one after the other,
// and that each has a plausible uncompressed size.
func CheckPages(r io.ReaderAt, size int64, file *parquet.File) error {
	buffer := make([]byte, 16*pageHeader)
	for _, group := range file.Metadata().RowGroups {
		for _, column := range group.Columns {
			at := column.MetaData.DataPageOffset
			if dict := column.MetaData.DictionaryPageOffset; dict != 0 {
				at = dict
			}
			left := column.MetaData.TotalCompressedSize
			if at < 0 || left < 0 || at > size || left > size-at {
				return errImplausible
			}
			for left > 0 {
				used, err := checkPage(r, at, left, buffer)
				if err != nil {
					return err
				}
				at, left = at+used, left-used
			}
		}
	}
	return nil
}

// checkPage returns the size in bytes of the page at offset at, with its header. left
// is the number of remaining bytes of its column. The buffer is for the header.
//
// In a Parquet page header field 2 is the uncompressed size and field 3 the size in the
// file. Fields 5, 7 and 8 are the headers of the kinds of page; each begins with its
// number of values.
func checkPage(r io.ReaderAt, at, left int64, buffer []byte) (int64, error) {
	header := buffer[:min(left, pageHeader)]
	if _, err := r.ReadAt(header, at); err != nil {
		return 0, err
	}
	c := compact{rest: header}
	numbers, err := c.fields(0)
	for ; err != nil && int64(len(header)) < left; numbers, err = c.fields(0) {
		more := min(left, 16*int64(len(header)))
		if more > int64(len(buffer)) {
			buffer = make([]byte, more)
		}
		header = buffer[:more]
		if _, err := r.ReadAt(header, at); err != nil {
			return 0, err
		}
		c = compact{rest: header}
	}
	if err != nil {
		return 0, err
	}
	unpacked, stored := numbers[2], numbers[3]
	used := int64(len(header)-len(c.rest)) + stored
	if stored < 0 || stored > left || unpacked < 0 || unpacked > maxPageBytes || used > left || c.values > maxPageValues || c.values < 0 {
		return 0, fmt.Errorf("a page of %d bytes and %d values: %w", unpacked, c.values, errImplausible)
	}
	return used, nil
}

// compact reads Thrift's compact protocol. It keeps only the numbers of a struct.
type compact struct {
	rest   []byte
	values int64 // largest first number of the structs in the outermost one
}

// maxNesting is greater than the depth of Parquet's structures.
const maxNesting = 16

// fields reads a struct and returns its integers by field id.
func (c *compact) fields(depth int) (map[int64]int64, error) {
	if depth > maxNesting {
		return nil, errImplausible
	}
	numbers := map[int64]int64{}
	for id := int64(0); ; {
		head, err := c.byte()
		if err != nil || head == 0 {
			return numbers, err
		}
		if delta := int64(head >> 4); delta > 0 {
			id += delta
		} else if id, err = c.signed(); err != nil {
			return nil, err
		}
		number, err := c.value(head&15, false, depth)
		if err != nil {
			return nil, err
		}
		numbers[id] = number
		if depth == 1 && id == 1 {
			c.values = max(c.values, number)
		}
	}
}

// value reads a value of a type. It returns the value if it is an integer, else 0.
func (c *compact) value(kind byte, listed bool, depth int) (int64, error) {
	switch kind {
	case 1, 2: // true and false have a byte of their own only inside lists
		if !listed {
			return 0, nil
		}
		return 0, c.skip(1)
	case 3:
		return 0, c.skip(1)
	case 4, 5, 6:
		return c.signed()
	case 7:
		return 0, c.skip(8)
	case 8:
		n, err := c.unsigned()
		if err != nil {
			return 0, err
		}
		return 0, c.skip(n)
	case 9, 10:
		return 0, c.list(depth)
	case 12:
		_, err := c.fields(depth + 1)
		return 0, err
	}
	return 0, fmt.Errorf("a value of type %d", kind) // Parquet has no maps, which are type 11
}

func (c *compact) list(depth int) error {
	head, err := c.byte()
	if err != nil {
		return err
	}
	n := uint64(head >> 4)
	if n == 15 {
		if n, err = c.unsigned(); err != nil {
			return err
		}
	}
	if n > uint64(len(c.rest)) { // each element has at least one byte
		return errImplausible
	}
	for range n {
		if _, err := c.value(head&15, true, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (c *compact) byte() (byte, error) {
	if len(c.rest) == 0 {
		return 0, io.ErrUnexpectedEOF
	}
	b := c.rest[0]
	c.rest = c.rest[1:]
	return b, nil
}

func (c *compact) skip(n uint64) error {
	if n > uint64(len(c.rest)) {
		return errImplausible
	}
	c.rest = c.rest[n:]
	return nil
}

func (c *compact) unsigned() (uint64, error) {
	v, n := binary.Uvarint(c.rest)
	if n <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	c.rest = c.rest[n:]
	return v, nil
}

// signed reads a number in Thrift's zigzag encoding.
func (c *compact) signed() (int64, error) {
	v, err := c.unsigned()
	return int64(v>>1) ^ -int64(v&1), err
}

// Guard calls f and turns a panic of the Parquet reader into an error. The reader does
// not check all that it reads, and a damaged file must not end the program.
func Guard(f func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("unreadable: %v", p)
		}
	}()
	return f()
}
