package main

import (
	"fmt"
	"strings"
)

// exitStatuses are the statuses of every command, for the reference. README.md and
// docs/engineers.md have the same table.
var exitStatuses = []struct {
	status  int
	meaning string
}{
	{0, "done; also if `--max-runtime` or `--max-requests` ended a run in order: `status` shows what is left"},
	{1, "failed; the message says what failed and what to do. Also: less of the disk is free than `--min-free` asks for; standard output is full, or " +
		"nobody reads it any more; a mistake in the schemas; `schema diff` found a difference"},
	{2, "wrong usage, or a mistake in SQL or in the settings; nothing was changed"},
	{3, "not all is well: a selected resource, or a part of one, could not be read; or more objects were rejected than `--max-rejects` allows; or " +
		"`verify`, `doctor` or `status --max-age` found something. The rest is complete"},
	{75, "another process has the lake: try again"},
	{130, "interrupted by Ctrl-C or SIGTERM; what was read is kept, and the next run continues"},
}

// exitStatusTable returns the statuses as a table in Markdown.
func exitStatusTable() string {
	var table strings.Builder
	table.WriteString("| exit status | meaning |\n|---|---|\n")
	for _, s := range exitStatuses {
		fmt.Fprintf(&table, "| %d | %s |\n", s.status, s.meaning)
	}
	return table.String()
}
