package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/stripelake/stripelake/internal/hint"
	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/schemas"
)

// The program must not hand out the data of people on the list of the forgotten, not
// even to a user who may not read the list. (With its salt one can check any id.) The
// published generation is enough to ensure this:
//
//   - A generation names those of its own customers who are on the list. Normally that
//     is nobody: an erasure leaves nothing of them in the log, and a sync drops them
//     before the log. But a log that was restored from an old backup has them.
//   - During an erasure its file exists: from before the list grows until the
//     published generation is clean and all older ones are removed. Whoever may enter
//     the lake's folder sees that the file exists, and is refused.
//   - The list only grows, and whoever may enter the folder sees its size. If that
//     differs from the size that the generation was made with, somebody restored files
//     by hand, or a sync is dropping objects of forgotten people at this moment. Nobody
//     can distinguish the two: the answer is refused until the next publish. A list
//     that has grown causes one (needsPublish).

// Customer is a customer of an account.
type Customer struct {
	Account string `json:"account"`
	ID      string `json:"id"`
}

// findForgotten sets the generation's customers who are on the list, and the list's
// size. It hashes each customer, which takes some 1 µs, but not those that are
// unchanged since the previous generation.
func (p *publisher) findForgotten(ctx context.Context) error {
	list, err := p.lake.Forgotten()
	if err != nil {
		return err
	}
	p.ListBytes = list.bytes
	i := slices.IndexFunc(p.tables, func(t *TableLayout) bool { return t.Schema.Table == schemas.SegmentTable })
	if i < 0 || list.Empty() {
		return nil
	}
	t, changed := p.tables[i], ""
	if p.linkable(t) && p.prev.ListBytes == p.ListBytes {
		p.Forgotten = slices.Clone(p.prev.Forgotten)
		changed = fmt.Sprintf(` SEMI JOIN (FROM state.dirty WHERE "table" = %s AND revision > %d) d
			ON d.account = c.account AND d.partition = %s AND d.bucket = %s`,
			sqltext.Literal(t.Schema.Table), p.prev.Revision, t.Period.label("c."), t.Period.bucket("c."))
	}
	var c Customer
	return p.db.Each(ctx, []any{&c.Account, &c.ID}, func() error {
		if list.Has(c.Account, c.ID) && !slices.Contains(p.Forgotten, c) {
			p.Forgotten = append(p.Forgotten, c)
		}
		return nil
	}, "SELECT c.account, c.id FROM "+sqltext.Ident(t.Schema.Table)+" c"+changed)
}

// listBytes returns the size of the list of the forgotten in bytes; 0 if there is none.
func (l *Lake) listBytes() (int64, error) {
	bytes, err := atomicfile.Size((&Forgotten{lake: l}).path())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return bytes, err
}

// ForgottenIn returns a func that reports whether a customer is forgotten, for a
// generation of the lake in dir. generation is its folder. has is nil if nobody was
// forgotten.
func ForgottenIn(dir, generation string) (has func(account, id string) bool, err error) {
	l := &Lake{dir: dir}
	list, err := l.Forgotten()
	switch {
	case err == nil && list.Empty():
		return nil, nil
	case err == nil:
		return list.Has, nil
	case !errors.Is(err, fs.ErrPermission):
		return nil, err
	}
	g, _, err := readManifest(generation)
	if err != nil {
		return nil, fmt.Errorf("find who was forgotten: %w", err)
	}
	bytes, err := l.listBytes()
	if err != nil {
		return nil, fmt.Errorf("find who was forgotten: %w", err)
	}
	if bytes != g.ListBytes {
		return nil, hint.New(fmt.Sprintf("who was forgotten since generation %d of %s was published is not known to this user, who may not read forgotten.json", g.Number, dir), "try again after the owner's next stripelake sync")
	}
	if len(g.Forgotten) == 0 {
		return nil, nil
	}
	return func(account, id string) bool { return slices.Contains(g.Forgotten, Customer{account, id}) }, nil
}
