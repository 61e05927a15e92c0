package doctor

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/verify"
	"github.com/stripelake/stripelake/schemas"
)

// checkLake makes the checks of files. accounts are those of the keys, each empty if it is
// unknown.
func (d *Doctor) checkLake(found *Diagnosis, accounts []string) {
	exists, err := pipeline.HasLake(d.Dir)
	if err != nil {
		says, fix := textAndFix(err, "run as the user that the lake belongs to, or name another folder with --lake")
		found.problem("lake", fix, "%s", says)
		return
	}
	d.checkDisk(found, exists)
	if !exists && !load.HasLog(d.Dir) {
		found.skip("lake", "there is none in %s yet: the first sync makes it", d.Dir)
		return
	}
	mode, err := load.ReadMode(d.Dir)
	if err != nil {
		says, fix := textAndFix(err, "restore lake.json from a backup")
		switch {
		case errors.Is(err, load.ErrNewerFormat):
			fix = fixNewer
		case errors.Is(err, load.ErrLakeFile):
			fix, says = "run stripelake sync, which makes it again from raw/; or restore it from a backup", load.ErrLakeFile.Error()
		}
		found.problem("lake", fix, "%s", says)
		return
	}
	if d.Client != nil && d.Client.Mode() != mode {
		found.problem("lake", fmt.Sprintf("use a key of %s mode, or another folder with --lake", mode), "it holds %s mode, and the key is of %s mode", mode, d.Client.Mode())
	} else {
		found.ok("lake", "%s mode", mode)
	}
	d.checkDeclared(found)
	for _, account := range accounts {
		d.checkAccounts(found, account)
	}
	d.checkFiles(found)
}

// checkDeclared checks the schemas that the lake keeps. A set of the lake's own
// does not follow the program: files that changed in the program since it was
// copied are listed.
func (d *Doctor) checkDeclared(found *Diagnosis) {
	kept, err := load.ReadDeclared(d.Dir)
	switch {
	case errors.Is(err, load.ErrDeclaredLost):
		says, fix := textAndFix(err, "run stripelake sync")
		found.problem("schemas", fix, "%s", says)
		return
	case err != nil:
		says, fix := textAndFix(err, "run as the user that the lake belongs to")
		found.problem("schemas", fix, "%s", says)
		return
	case kept == nil:
		found.skip("schemas", "the lake keeps none yet; the next sync takes over what its tables were made with")
		return
	case kept.Shipped:
		found.ok("schemas", "version %d: those that the program ships", kept.Version)
		return
	}
	set, err := pipeline.DeclaredSet(kept)
	var changed []string
	resources := ""
	if err == nil {
		if !set.OwnResources {
			resources = "; it has no resources/ and follows the program's resources"
		}
		changed, err = set.ChangedSince(kept.Base)
	}
	switch {
	case err != nil:
		found.problem("schemas", "write them out with `stripelake init --from-lake`, mend them, and run stripelake rebuild --schemas DIR", "%s", err)
	case len(changed) > 0:
		found.warn("schemas", "compare with a new copy (stripelake init DIR), take over what is of use, and its "+schemas.CopyManifest+" with it",
			"version %d is the lake's own; changed in the program since it was copied: %s%s", kept.Version, firstOf(changed, 5), resources)
	default:
		found.ok("schemas", "version %d: the lake's own%s", kept.Version, resources)
	}
}

// firstOf lists the first names, and says how many more there are.
func firstOf(names []string, most int) string {
	if more := len(names) - most; more > 0 {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// checkDisk tests the file system, and compares the free space with the space
// that a publish needs in addition: a copy of the state and new partitions.
func (d *Doctor) checkDisk(found *Diagnosis, exists bool) {
	room, err := load.ReadRoom(d.Dir)
	if err != nil {
		found.problem("disk", "name another folder with --lake", "%s", err)
		return
	}
	if !room.Writable {
		found.problem("disk", "make the disk writable, give the folder to the user that runs stripelake (chown), or name another one with --lake", "this user may not write to %s", d.Dir)
	} else if err := load.CheckFileSystem(d.Dir); err != nil {
		says, fix := textAndFix(err, "see that the disk is writable and sound, or name another folder with --lake")
		found.problem("disk", fix, "%s", says)
	}
	if room.Free < 0 {
		found.skip("disk", "how much is free is not known on this system")
		return
	}
	sizes, err := load.ReadSizes(d.Dir)
	if !exists || err != nil || sizes.Log == nil || sizes.State == nil || sizes.Published == nil { // damage of the log is reported below
		found.ok("disk", "%s free", sizeText(room.Free))
		return
	}
	needed := *sizes.State + *sizes.Published
	if room.Free < needed {
		found.problem("disk", "make room, or move the lake to a larger disk",
			"%s free, and a publish may take %s beside what is there", sizeText(room.Free), sizeText(needed))
		return
	}
	found.ok("disk", "%s free; the lake takes %s", sizeText(room.Free), sizeText(*sizes.Log+needed))
}

// sizeText writes a size in binary units.
func sizeText(n int64) string {
	size, unit := float64(n), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for size >= 1024 && unit < len(units)-1 {
		size, unit = size/1024, unit+1
	}
	return fmt.Sprintf("%.0f %s", size, units[unit])
}

// checkAccounts compares the key's account with those of the lake.
func (d *Doctor) checkAccounts(found *Diagnosis, account string) {
	accounts, err := load.ReadAccounts(d.Dir)
	if err != nil || account == "" || len(accounts) == 0 {
		return // unreadable: reported already
	}
	var ids []string
	for _, a := range accounts {
		ids = append(ids, a.ID)
	}
	if slices.Contains(ids, account) {
		found.ok("lake's account", "%s is in the lake", account)
		return
	}
	found.warn("lake's account", "if that is not meant, use the key of an account that is in it, or another folder with --lake",
		"%s is not in the lake, which holds %s: a sync adds it", account, strings.Join(ids, ", "))
}

func (d *Doctor) checkFiles(found *Diagnosis) {
	health, err := verify.Inspect(d.Dir)
	if err != nil {
		says, fix := textAndFix(err, "run as the user that the lake belongs to")
		found.problem("files", fix, "%s", says)
		return
	}
	if health.Open {
		found.warn("folder", "chmod o= "+d.Dir, "everybody on this machine may look into %s, which holds customers' data", d.Dir)
	} else {
		found.ok("folder", "closed to other users")
	}
	checkLog(found, d.Dir, health)
	checkGeneration(found, health)
	for _, f := range health.DamagedFiles {
		if !strings.HasPrefix(f.What, "schemas/") { // reported with the schemas
			found.problem("beside the log", f.Fix, "%s: %s", f.What, f.Says)
		}
	}
	for _, name := range health.Aside {
		found.warn("set aside", "look at it, and remove it", "%s stood in the place of the link that people read", name)
	}
	if health.Erasing {
		found.warn("forget", "run stripelake sync, which finishes it first", "an erasure was begun and is not finished")
	}
	if n := len(health.Leftover); n > 0 {
		leftover := health.Leftover[0] + " is half written"
		if n > 1 {
			leftover += fmt.Sprintf(", and %d more", n-1)
		}
		found.warn("leftovers", "none is needed: the next sync removes what a crash left; while one runs, they are its own",
			"%s", leftover)
	}
}

func checkGeneration(found *Diagnosis, health verify.Health) {
	switch {
	case len(health.PublishedDamage) > 0:
		more := ""
		if n := len(health.PublishedDamage) - 1; n > 0 {
			more = fmt.Sprintf(", and %d more", n)
		}
		found.problem("generation", "run stripelake sync, which publishes it anew", "%s%s", health.PublishedDamage[0], more)
	case health.Linked:
		found.ok("generation", "the one that people read is whole")
	case health.Segments > 0:
		found.warn("generation", "run stripelake sync", "nothing is published yet")
	}
}
