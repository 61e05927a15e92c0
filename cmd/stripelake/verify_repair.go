package main

import (
	"fmt"
	"strings"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

// shownIDs is how many ids of a loss are printed; --json has all.
const shownIDs = 5

func (env *environment) printRepaired(r pipeline.Repaired) {
	fmt.Fprintln(env.stdout)
	for _, x := range r.Losses {
		env.printLoss(x)
	}
	for _, name := range r.Aside {
		fmt.Fprintf(env.stdout, "set aside as %s\n", name)
	}
	for _, stream := range r.Cursors {
		fmt.Fprintf(env.stdout, "%s: cursor.json is set aside; the stream goes on from the cursor of its newest segment\n", stream)
	}
	if r.Read > 0 || len(r.Losses) > 0 {
		fmt.Fprintf(env.stdout, "%s read from Stripe, %s new to the lake\n", counted(r.Read, "object"), digits(r.New))
	}
	switch {
	case !r.Derived && !r.Anew && r.Read+len(r.Losses)+len(r.Cursors)+len(r.Aside) == 0:
		fmt.Fprintln(env.stdout, "nothing was mended")
	case r.Derived:
		fmt.Fprintln(env.stdout, "every table derived again from the raw log")
	case r.Anew:
		fmt.Fprintln(env.stdout, "every published file written anew")
	}
	if r.Number > 0 {
		fmt.Fprintf(env.stdout, "published generation %d\n", r.Number)
	}
}

// printLoss prints what the raw log lost, file by file, and what became of it.
func (env *environment) printLoss(x load.Loss) {
	for _, d := range x.Damage {
		kept := ""
		if d.Kept != "" {
			kept = "; kept as " + d.Kept
		}
		fmt.Fprintf(env.stdout, "%s: %s%s\n", d.File, d.Says, kept)
	}
	name := fmt.Sprintf("%s/%s segments %d to %d", x.Account, x.Stream, x.First, x.Last)
	if x.First == x.Last {
		name = fmt.Sprintf("%s/%s segment %d", x.Account, x.Stream, x.First)
	}
	switch {
	case x.Known:
		fmt.Fprintf(env.stdout, "%s: seq %d to %d, the newest version of %s%s; %s lost for good\n", name, x.FirstSeq, x.LastSeq,
			counted(len(x.Objects), "object"), firstIDs(idsOf(x.Objects, false)), plural(int(x.Older), "older version is", "older versions are"))
	case x.Newest:
		fmt.Fprintf(env.stdout, "%s: no table held it yet; read again from the cursor before it\n", name)
	default:
		fmt.Fprintf(env.stdout, "%s: seq %d to %d, %s; nobody knows of what\n", name, x.FirstSeq, x.LastSeq, counted(int(x.Versions), "version"))
	}
	if len(x.Relisted) > 0 {
		fmt.Fprintf(env.stdout, "%s: listed again: %s\n", name, strings.Join(x.Relisted, ", "))
	}
	if gone := idsOf(x.Objects, true); len(gone) > 0 {
		fmt.Fprintf(env.stdout, "%s: Stripe no longer has %s%s; what was known of them is in %s\n", name, counted(len(gone), "object"), firstIDs(gone), x.Path())
	}
}

func idsOf(objects []load.LostObject, goneOnly bool) (ids []string) {
	for _, o := range objects {
		if o.Gone || !goneOnly {
			ids = append(ids, o.ID)
		}
	}
	return ids
}

// firstIDs returns the first of some ids, in parentheses.
func firstIDs(ids []string) string {
	switch more := len(ids) - shownIDs; {
	case len(ids) == 0:
		return ""
	case more > 0:
		return fmt.Sprintf(" (%s and %s more)", strings.Join(ids[:shownIDs], ", "), digits(more))
	}
	return " (" + strings.Join(ids, ", ") + ")"
}
