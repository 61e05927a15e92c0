package load

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/stripelake/stripelake/internal/sqltext"
	"github.com/stripelake/stripelake/load/internal/atomicfile"
	"github.com/stripelake/stripelake/schemas"
)

// Who is on the list of the forgotten must not be handed out, not even by a user
// who may not read the list, whose salt would tell of every id whether it is on
// it. What is published says enough, for these reasons:
//
//   - A generation names who of its own customers is on the list. That is nobody,
//     for an erasure leaves nothing of them in the log, and a sync leaves them out
//     before the log; but a log that was restored from an old backup has them.
//   - While an erasure goes on, its file is there: from before the list grows until
//     what is published is clean and all older generations are removed. Whoever may
//     enter the lake's folder sees that it is there, and is refused.
//   - The list only grows, and whoever may enter the folder sees its size. If that
//     is not the size of the list that the generation was made with, files were put
//     back by hand, or a sync is leaving out objects of the forgotten at this
//     moment. Which of both cannot be told: the answer is refused until the next
//     publish, and a list that has grown is a reason for one (needsPublish).

// Customer is a customer of an account.
type Customer struct {
	Account string `json:"account"`
	ID      string `json:"id"`
}

// findForgotten notes which of the customers to be published are on the list,
// and how large that is. Each is hashed, some 1 µs; what is as it was in the
// generation before is not hashed again.
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

// listBytes is the size of the list of the forgotten; 0 if there is none.
func (l *Lake) listBytes() (int64, error) {
	bytes, err := atomicfile.Size((&Forgotten{lake: l}).path())
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	return bytes, err
}

// ForgottenIn returns what says of a customer in a generation of the lake in dir,
// by its folder, that he was forgotten; nil if none was.
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
		return nil, fmt.Errorf("who was forgotten since generation %d of %s was published is not known to this user, who may not read forgotten.json: try again after the owner's next stripelake sync", g.Number, dir)
	}
	if len(g.Forgotten) == 0 {
		return nil, nil
	}
	return func(account, id string) bool { return slices.Contains(g.Forgotten, Customer{account, id}) }, nil
}
