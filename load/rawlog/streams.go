package rawlog

import (
	"fmt"

	"github.com/stripelake/stripelake/load/internal/folder"
)

// Accounts returns the accounts that have a folder in a lake's log, sorted by name.
func Accounts(lake string) ([]string, error) {
	return folder.Subdirs(Options{Lake: lake}.path())
}

// Streams returns the streams of an account that have a folder, sorted by name.
func Streams(lake, account string) ([]string, error) {
	return folder.Subdirs(Options{Lake: lake}.path(account))
}

// Streams returns the streams of the account that have a folder, sorted by name.
func (g *Log) Streams() ([]string, error) { return Streams(g.opts.Lake, g.account) }

// Newest returns the position of a stream's newest segment.
func (g *Log) Newest(stream string) (Position, error) {
	s, err := g.stream(stream)
	if err != nil {
		return Position{}, fmt.Errorf("newest segment of %s/%s: %w", g.account, stream, err)
	}
	return Position{g.account, stream, s.newest}, nil
}
