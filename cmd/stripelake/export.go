package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/stripelake/stripelake/internal/audiencefile"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/internal/spelling"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
)

func exportCommand(env *environment) *cli.Command {
	return groupCommand(&cli.Command{
		Name:        "export",
		Usage:       "write data for other systems",
		UsageText:   "stripelake export COMMAND [command options] [argument]",
		Subcommands: []*cli.Command{exportSegmentCommand(env)},
	})
}

type exportOptions struct {
	lake    string
	schemas optional[string]
	format  string
	out     string // a file; empty is standard output
	reveal  cli.StringSlice
	tenant  string
}

func (o *exportOptions) flags() []cli.Flag {
	return []cli.Flag{
		lakeFlag(&o.lake),
		&cli.StringFlag{Name: "schemas", Destination: &o.schemas.value, Action: o.schemas.note, Usage: "use the segment of the schemas in `DIR` instead of the lake's own"},
		&cli.StringFlag{Name: "format", Destination: &o.format, Value: "csv", Usage: "output `FORM`: csv, parquet, or xdm (one profile of Adobe's Experience Data Model per line)"},
		&cli.StringFlag{Name: "out", Destination: &o.out, Usage: "write to `FILE`, which only you can read and which is replaced only when the list is complete"},
		&cli.StringSliceFlag{Name: "reveal", Destination: &o.reveal, Usage: "also write the personal `COLUMN` as it is, for example email (repeatable)"},
		&cli.StringFlag{Name: "tenant", Destination: &o.tenant, Usage: "`_ID` of your organization in Experience Platform, the parent of its own fields; required for xdm"},
	}
}

func exportSegmentCommand(env *environment) *cli.Command {
	var o exportOptions
	return takes(arguments{usage: "SEGMENT", needs: "a segment", most: 1}, &cli.Command{
		Name:  "segment",
		Usage: "write a list of customers for an offer engine or a customer data platform",
		Description: "The file segments/SEGMENT.sql of the schemas selects the customers.\n" +
			"Deleted and forgotten customers are never in the list. privacy.yaml decides about personal columns.\n" +
			"Example: stripelake export segment bnpl-offers --out offers.csv",
		Flags:  o.flags(),
		Action: func(c *cli.Context) error { return queryError(env.exportSegment(c.Context, &o, c.Args().First())) },
	})
}

func (env *environment) exportSegment(ctx context.Context, o *exportOptions, name string) error {
	if err := o.check(); err != nil {
		return err
	}
	set, err := o.audienceSet()
	if err != nil {
		return err
	}
	audience, err := audienceOf(set, name)
	if err != nil {
		return err
	}
	reveal := o.reveal.Value()
	if err := checkReveal(audience, reveal); err != nil {
		return err
	}
	env.signals.stage("asking who is in " + name)
	members, err := query.AskAudience(ctx, o.lake, query.AudienceQuestion{Set: set, Segment: audience, Reveal: reveal})
	if err != nil {
		return err
	}
	defer func() { _ = members.Close() }()
	write := func(w io.Writer) error {
		switch o.format {
		case "xdm":
			return audiencefile.WriteXDM(ctx, w, members, audiencefile.XDM{Set: set, Segment: audience, Tenant: o.tenant})
		case "parquet":
			return members.Write(ctx, w, query.Parquet)
		}
		return audiencefile.WriteCSV(ctx, w, members)
	}
	env.signals.stage("writing " + name)
	if o.out != "" {
		err = writeOut(o.out, o.lake, write)
	} else {
		err = write(env.stdoutOf(o.format))
	}
	if err == nil {
		env.sayMembers(name, members)
	}
	return err
}

// check returns a *pipeline.UsageError where flags do not fit together.
func (o *exportOptions) check() error {
	format, tenant := o.format, o.tenant
	id, underscored := strings.CutPrefix(tenant, "_")
	switch {
	case format != "csv" && format != "parquet" && format != "xdm":
		return &pipeline.UsageError{Message: fmt.Sprintf("--format %q is none of csv, parquet, xdm", format)}
	case format == "parquet" && o.out == "":
		return &pipeline.UsageError{Message: "--format parquet needs --out FILE"}
	case format != "xdm" && tenant != "":
		return &pipeline.UsageError{Message: "--tenant is for --format xdm"}
	case format == "xdm" && tenant == "":
		return &pipeline.UsageError{Message: "--format xdm needs --tenant _ID: Experience Platform takes fields of your own under your organization's tenant id only; GET …/schemaregistry/stats shows it as tenantId"}
	case format == "xdm" && (!underscored || id == "" || strings.Trim(id, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != ""):
		return &pipeline.UsageError{Message: fmt.Sprintf("--tenant %q is _ and letters or digits, such as _acme", tenant)}
	}
	return nil
}

// audienceSet loads the schemas that declare the audience: those of --schemas,
// or the lake's own.
func (o *exportOptions) audienceSet() (*schemas.Set, error) {
	if o.schemas.given {
		files, err := schemaFiles(o.schemas.value)
		if err != nil {
			return nil, err
		}
		return schemas.Load(files)
	}
	if _, err := load.ReadMode(o.lake); err != nil {
		return nil, err
	}
	files, err := load.ReadSchemas(o.lake)
	if err != nil {
		return nil, err
	}
	return schemas.LoadFiles(files)
}

func audienceOf(set *schemas.Set, name string) (*schemas.Segment, error) {
	if s := set.Segment(name); s != nil {
		return s, nil
	}
	var names []string
	for _, s := range set.Segments {
		names = append(names, s.Name)
	}
	hint := spelling.Choices(name, "segments", names)
	if len(names) == 0 {
		hint = "these schemas declare none; a newer copy from `stripelake init` has some under segments/: name it with --schemas"
	}
	return nil, &pipeline.UsageError{Message: fmt.Sprintf("there is no segment %q; %s", name, hint)}
}

// checkReveal returns a *pipeline.UsageError unless the columns of --reveal are
// declared so.
func checkReveal(s *schemas.Segment, reveal []string) error {
	var names []string
	for _, p := range s.Personal {
		if !p.SHA256 {
			names = append(names, p.Name)
		}
	}
	for _, name := range reveal {
		if !slices.Contains(names, name) {
			hint := "it declares none that is given as it is"
			if len(names) > 0 {
				hint = spelling.Choices(name, "personal columns", names)
			}
			return &pipeline.UsageError{Message: fmt.Sprintf("--reveal %s is no personal column of %s; %s", name, s.Name, hint)}
		}
	}
	return nil
}

// sayMembers records how many customers were written and left out, and which
// columns are empty, so that neither goes unnoticed.
func (env *environment) sayMembers(name string, m *query.Members) {
	log := env.signals.logger()
	log.Info(fmt.Sprintf("%s: %s", name, counted(int(m.Rows), "row")), "rows", m.Rows)
	for _, left := range []struct {
		n     int64
		why   string
		level slog.Level
	}{
		{m.Deleted, "deleted at Stripe", slog.LevelInfo},
		{m.Forgotten, "forgotten by this lake", slog.LevelInfo},
		{m.Unknown, "not in the table of customers, so that nobody knows whether they are deleted; sync customers", slog.LevelWarn},
	} {
		if left.n > 0 {
			log.Log(context.Background(), left.level, fmt.Sprintf("left out: %s %s", counted(int(left.n), "customer"), left.why))
		}
	}
	for _, column := range slices.Sorted(maps.Keys(m.Empty)) {
		log.Warn(fmt.Sprintf("%s is empty: %s", column, m.Empty[column]))
	}
}
