package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
)

func backupCommand(env *environment) *cli.Command {
	return takes(arguments{usage: "DIR", needs: "the folder of the backup", most: 1}, &cli.Command{
		Name:  "backup",
		Usage: "copy all of a lake that cannot be made again into a folder, or bring that up to date",
		Description: "Copies the raw log, the schemas, the key of hashes, what was forgotten and the receipts: everything but .state and\n" +
			"current. It may run beside a sync. To restore, copy DIR to where the lake is to be and run `stripelake rebuild`: it\n" +
			"asks Stripe for nothing. Example: stripelake backup /mnt/backup/lake",
		Flags:  []cli.Flag{lakeFlag(), jsonFlag("print one JSON object"), waitFlag()},
		Action: func(c *cli.Context) error { return env.backup(c) },
	})
}

func (env *environment) backup(c *cli.Context) error {
	to := c.Args().First()
	if _, err := load.ReadMode(c.String("lake")); err != nil {
		return err // rather than make a lake
	}
	lake, err := env.openLake(c, load.Options{})
	if err != nil {
		return err
	}
	done, err := pipeline.Backup(c.Context, lake, to)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		return env.printJSON(done)
	}
	fmt.Fprintf(env.stdout, "%s: %s, %s; %s copied, %s removed\n", to, counted(done.Files, "file"), bytesText(done.Bytes), grouped(done.Copied), grouped(done.Removed))
	fmt.Fprintf(env.stdout, "to restore: cp -r %s LAKE && stripelake rebuild --lake LAKE\n", to)
	return nil
}
