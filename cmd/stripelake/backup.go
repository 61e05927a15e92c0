package main

import (
	"context"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

type backupOptions struct {
	lake string
	json bool
	wait optional[time.Duration]
}

func (o *backupOptions) flags() []cli.Flag {
	return []cli.Flag{lakeFlag(&o.lake), jsonFlag(&o.json, "print one JSON object"), waitFlag(&o.wait)}
}

func backupCommand(env *environment) *cli.Command {
	var o backupOptions
	return takes(arguments{usage: "DIR", needs: "the folder of the backup", most: 1}, &cli.Command{
		Name:  "backup",
		Usage: "copy the part of a lake that cannot be derived to a folder, or update that copy",
		Description: "Copies the raw log, the schemas, the key of hashes, the list of the forgotten and the receipts: everything but .state and\n" +
			"current. It may run during a sync. To restore, copy DIR to the lake's place and run `stripelake rebuild`, which\n" +
			"makes no request to Stripe. Example: stripelake backup /mnt/backup/lake",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return env.backup(c.Context, &o, c.Args().First()) },
	})
}

func (env *environment) backup(ctx context.Context, o *backupOptions, to string) error {
	if _, err := load.ReadMode(o.lake); err != nil {
		return err // a lake is not created here
	}
	lake, err := load.Open(o.lake, env.withWait(o.wait, load.Options{}))
	if err != nil {
		return err
	}
	done, err := pipeline.Backup(ctx, lake, to)
	if err != nil {
		return err
	}
	if o.json {
		return env.printJSON(done)
	}
	if env.signals.quiet {
		return nil
	}
	fmt.Fprintf(env.stdout, "%s: %s, %s; %s copied, %s removed\n", to, counted(done.Files, "file"), bytesText(done.Bytes), digits(done.Copied), digits(done.Removed))
	fmt.Fprintf(env.stdout, "to restore: cp -r %s LAKE && stripelake rebuild --lake LAKE\n", to)
	return nil
}
