package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

// Forget erases people from a lake. Its fields are set once, before Run.
type Forget struct {
	Mappings *transform.Mappings
	Lake     *load.Lake

	Declaration *Declaration // Mappings are of it, and the run records it; nil records nothing

	Customers []string // ids of customers; without any, Run finishes an interrupted erasure
	Account   string   // required where several accounts have a customer of that id
	DryRun    bool     // count, and change nothing
	NewList   bool     // consents to a new list of the forgotten, with these customers, where the old one is lost
	Version   string   // of the program, for the receipt
	OnEvent   func(Event)
}

// receiptUnchecked lists, in every receipt, what an erasure does not reach.
var receiptUnchecked = []string{
	"payments that name no customer, such as a guest's, are found by no customer's id",
	"text about the person in an object that is not theirs and does not name an erased id",
	"copies outside the lake: backups, snapshots of the file system, exports, notebooks",
	"whoever had an older generation open keeps reading its removed files until they close them",
}

// Run erases the customers and all their objects: charges, subscriptions,
// refunds, balance transactions and events, every version of each. It rewrites
// the log, derives the tables from scratch, publishes them as a new generation,
// and removes all older generations.
//
// It returns a receipt for each erasure that it finished: an interrupted one
// that it found, and its own. There is none where nothing was left of customers
// who were forgotten before. A *UsageError says that a customer is in no
// account or in several, and that nothing was changed. After any other error
// once the erasure is recorded, the next Forget or Sync finishes it.
//
// Where DuckDB has too little memory, it starts once more with a higher limit.
func (f *Forget) Run(ctx context.Context) ([]load.Receipt, error) {
	return withMemory(ctx, f.Lake, f.OnEvent, func(lake *load.Lake) ([]load.Receipt, error) {
		on := *f
		on.Lake = lake
		return on.run(ctx)
	})
}

func (f *Forget) run(ctx context.Context) (receipts []load.Receipt, err error) {
	if err := f.checkList(); err != nil {
		return nil, err
	}
	if f.DryRun {
		return f.dryRun(ctx)
	}
	e, err := openEraser(ctx, f.Mappings, f.Lake, newProgress(f.OnEvent))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	if err := f.Declaration.Record(e.progress.notice); err != nil {
		return nil, err
	}
	pending, err := f.Lake.Erasures().Pending()
	if err != nil {
		return nil, err
	}
	if pending != nil {
		pending.Receipt.NewList = pending.Receipt.NewList || f.NewList
		receipt, err := f.erase(ctx, e, *pending)
		if err != nil {
			return nil, err
		}
		receipts = append(receipts, receipt)
		if len(f.Customers) == 0 {
			return receipts, nil
		}
	}
	erasure, err := f.findErasure(ctx)
	if err != nil || len(erasure.Customers) == 0 {
		return receipts, err
	}
	receipt, err := f.erase(ctx, e, erasure)
	if err != nil {
		return receipts, err
	}
	return append(receipts, receipt), nil
}

// erase records an erasure and carries it out.
func (f *Forget) erase(ctx context.Context, e *eraser, erasure load.Erasure) (load.Receipt, error) {
	if err := f.Lake.Erasures().Record(erasure); err != nil {
		return load.Receipt{}, err
	}
	return e.finish(ctx, erasure)
}

// checkList fails where the list of the forgotten is lost, unless NewList
// consents to a new one. It also fails where NewList is set and the list is not
// lost.
func (f *Forget) checkList() error {
	err := f.Lake.Erasures().ListLost()
	if err == nil {
		var list *load.Forgotten
		if list, err = f.Lake.Forgotten(); err == nil {
			err = f.Lake.Erasures().CheckList(list)
		}
	}
	lost := errors.As(err, new(*load.ListLostError))
	if lost && (f.NewList || f.DryRun) {
		return nil
	}
	if err != nil || !f.NewList {
		return err
	}
	anew, err := f.Lake.Erasures().BegunAnew()
	if err == nil && !anew {
		return &UsageError{"the list of the forgotten is not lost: leave --consent-to-new-list out"}
	}
	return err
}

// dryRun counts the log as it is now, without a lock.
func (f *Forget) dryRun(ctx context.Context) ([]load.Receipt, error) {
	pending, err := f.Lake.Erasures().Pending()
	if err == nil && pending != nil {
		err = errPending
	}
	if err != nil {
		return nil, err
	}
	erasure, err := f.findErasure(ctx)
	if err != nil || len(erasure.Customers) == 0 {
		return nil, err
	}
	return []load.Receipt{erasure.Receipt}, nil
}

// errPending reports a pending erasure that this command cannot finish first.
var errPending = errors.New("an erasure was interrupted: finish it with stripelake forget, or with the next sync")

// findErasure finds the objects to erase. It changes nothing.
func (f *Forget) findErasure(ctx context.Context) (load.Erasure, error) {
	erasure := load.Erasure{
		Receipt: load.Receipt{
			Version: f.Version, Started: time.Now().UTC().Truncate(time.Microsecond), DryRun: f.DryRun, Erased: []load.Erased{}, Unchecked: receiptUnchecked,
		},
		Customers: map[string][]string{}, Objects: map[string]map[string][]string{}, Further: map[string][]string{},
	}
	if len(f.Customers) == 0 {
		return erasure, &UsageError{"name at least one customer: stripelake forget cus_…"}
	}
	forgotten, err := f.Lake.Forgotten()
	if err != nil {
		return erasure, err
	}
	accounts, err := f.accounts()
	if err != nil {
		return erasure, err
	}
	f.Lake.Stage("looking for what is theirs")
	var finders []*finder
	for _, account := range accounts {
		found, err := findAll(ctx, f.Lake, forgotten, account, f.Customers)
		if err != nil {
			return erasure, err
		}
		finders = append(finders, found)
	}
	unheld, err := checkHeld(f.Customers, finders, forgotten, f.Account != "")
	if err != nil {
		return erasure, err
	}
	for _, found := range finders {
		if !found.empty() {
			found.addTo(&erasure)
		}
	}
	if err := f.listUnheld(&erasure, accounts, unheld); err != nil {
		return erasure, err
	}
	erasure.Receipt.LogBefore, err = logBytes(f.Lake)
	return erasure, err
}

// listUnheld adds to the record customers of whom the lake holds nothing. That
// is a *UsageError, unless the list that they were on was lost.
func (f *Forget) listUnheld(erasure *load.Erasure, accounts, customers []string) error {
	if len(customers) > 0 && !f.NewList {
		return &UsageError{fmt.Sprintf("no object of the lake is or names the customer %s: nothing was changed", customers[0])}
	}
	for _, account := range accounts {
		if len(customers) > 0 {
			erasure.Customers[account] = append(erasure.Customers[account], customers...)
		}
	}
	if f.NewList && (len(customers) > 0 || f.Lake.Erasures().ListLost() != nil) {
		erasure.Receipt.NewList = true
		erasure.Receipt.Unchecked = append(slices.Clip(erasure.Receipt.Unchecked), uncheckedList)
	}
	return nil
}

// uncheckedList is in the receipt of an erasure that began a new list, too.
const uncheckedList = "whoever was on the list of the forgotten that was lost, and is not named again"

// accounts returns the accounts to search: all, or the one in Account.
func (f *Forget) accounts() ([]string, error) {
	accounts, err := f.Lake.LogAccounts()
	if err != nil || f.Account == "" {
		return accounts, err
	}
	if !slices.Contains(accounts, f.Account) {
		return nil, &UsageError{fmt.Sprintf("the lake has no account %s", f.Account)}
	}
	return []string{f.Account}, nil
}

func logBytes(lake *load.Lake) (total int64, err error) {
	sizes, err := load.LogSizes(lake.Dir())
	for _, size := range sizes {
		total += size.Bytes
	}
	return total, err
}

// finishPending finishes an interrupted erasure, if there is one. Every run
// that appends to the log or derives from it calls this first.
func finishPending(ctx context.Context, mappings *transform.Mappings, lake *load.Lake, progress *progress) (err error) {
	pending, err := lake.Erasures().Pending()
	if err != nil || pending == nil {
		return err
	}
	progress.warn("finishing the erasure that was interrupted")
	e, err := openEraser(ctx, mappings, lake, newProgress(nil))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	if pending, err = lake.Erasures().Pending(); err != nil || pending == nil { // finished by another process meanwhile
		return err
	}
	receipt, err := e.finish(ctx, *pending)
	if len(receipt.SetAside) > 0 {
		progress.notice(removedAside(receipt.SetAside))
	}
	return err
}

// idsOf returns every id of an account that an erasure names.
func idsOf(of *schemas.Resources, e load.Erasure, account string) []string {
	ids := slices.Concat(e.Customers[account], e.Further[account])
	for _, stream := range personalStreams(of) {
		ids = append(ids, e.Objects[account][stream]...)
	}
	return ids
}
