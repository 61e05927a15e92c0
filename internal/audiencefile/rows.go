// Package audiencefile writes the members of a customer segment as files for other
// systems: CSV that is safe to open in a spreadsheet, and records of Adobe's
// Experience Data Model (XDM).
package audiencefile

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"

	"github.com/stripelake/stripelake/load/query"
)

// eachRow calls f with each row, a JSON value a column: numbers to the last
// digit, times as RFC 3339, and null.
func eachRow(ctx context.Context, m *query.Members, f func(row []json.RawMessage) error) error {
	in, out := io.Pipe()
	asked := make(chan error, 1)
	go func() {
		err := m.Write(ctx, out, query.JSON)
		out.CloseWithError(err)
		asked <- err
	}()
	err := func() error {
		lines := json.NewDecoder(bufio.NewReader(in))
		for {
			var object map[string]json.RawMessage
			if err := lines.Decode(&object); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			row := make([]json.RawMessage, len(m.Columns))
			for i, c := range m.Columns {
				row[i] = object[c.Name]
			}
			if err := f(row); err != nil {
				return err
			}
		}
	}()
	in.CloseWithError(err)
	if askErr := <-asked; askErr != nil && err == nil {
		return askErr
	}
	return err
}

func isNull(value json.RawMessage) bool {
	return len(value) == 0 || bytes.Equal(value, []byte("null"))
}
