package settings

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/stripelake/stripelake/internal/spelling"
)

// Key is a value that the settings file, the environment and a flag can give.
type Key struct {
	Name     string   // its place in the file: "limits.max_share"
	Flag     string   // name of the flag, without dashes: "max-share"; empty for arguments
	Commands []string // the commands whose flag it is, where others have another flag of that name; nil for all
	Kind     Kind
	Example  string // a value as the file of `init` shows it
	Says     string // what it is, in a line
}

// Variable is the name of the environment variable that overrides the file.
func (k Key) Variable() string {
	name := k.Flag
	if name == "" {
		name = k.Name
	}
	return "STRIPELAKE_" + strings.ToUpper(strings.NewReplacer("-", "_", ".", "_").Replace(name))
}

// For reports whether the key is a flag of a command. The demo has a lake of
// its own, and init begins where no settings are.
func (k Key) For(command string) bool {
	return k.Flag != "" && command != "demo" && command != "init" && (k.Commands == nil || command == "config" || slices.Contains(k.Commands, command))
}

// Resources is the key of the resources that a sync reads. They are arguments of a
// command, not a flag.
const Resources = "resources"

// Lake is the key of the lake's folder.
const Lake = "lake"

// MaxAge is the key of the age from which a lake is stale.
const MaxAge = "status.max_age"

// whole are the commands with bounds of a sync.
var whole = []string{"sync", "plan"}

// Named returns the key of that name, or the zero Key where there is none.
func Named(name string) Key {
	if i := slices.IndexFunc(keys, func(k Key) bool { return k.Name == name }); i >= 0 {
		return keys[i]
	}
	return Key{}
}

// Keys returns all values that the file can have, in the order of its template.
func Keys() []Key { return slices.Clone(keys) }

var keys = []Key{
	{Lake, "lake", nil, Path, "./lake", "the lake's folder"},
	{"schemas", "schemas", nil, Path, "./schemas", "your own schemas and mappings instead of those that the lake keeps; stripelake rebuild puts them in force"},
	{Resources, "", whole, Resource, "[charges, refunds]", "read these resources only"},
	{"ping", "ping-url", nil, Address, "{env: PING_URL}", "request this address after each run that succeeded; who waits for it notices a schedule that stopped"},

	{"api.base", "api-base", nil, Base, "https://api.stripe.com", "Stripe's API, or a simulated one"},

	{"sync.from", "from", whole, Date, "2020-01-01", "copy objects created since this date; the lake remembers the first"},
	{"sync.look_back", "look-back", nil, Duration, "48h", "how far the first sync of a day looks back for what Stripe listed late"},
	{"sync.max_rejects", "max-rejects", nil, Share, "0%", "exit with status 3 if more than this share of the objects does not fit its schema"},
	{"sync.wait", "wait", nil, Duration, "30m", "wait this long for another process that has the lake"},

	{"limits.max_share", "max-share", nil, Share, "50%", "share of the account's rate limit to use"},
	{"limits.max_rps", "max-rps", nil, Number, "100", "requests a second that Stripe allows the account, if not the documented number"},

	{"limits.max_runtime", "max-runtime", []string{"sync"}, Duration, "2h", "stop reading after this time, in order; the next run continues"},
	{"limits.max_requests", "max-requests", []string{"sync"}, Count, "50000", "stop reading in the same way after so many requests to Stripe"},
	{"limits.retry_for", "retry-for", nil, Duration, "5m", "if Stripe or the network is down, try again for this time before giving up"},
	{"limits.min_free", "min-free", []string{"sync"}, Size, "1GiB", "stop before less of the lake's disk is free than this"},

	{"retention.runs", "keep-runs", nil, Duration, "400d", "keep the records of runs and verifications for this time; 0 keeps all"},
	{"retention.generations", "keep-generations", nil, Count, "2", "keep so many generations before the published one, for readers that have them open"},

	{"log.format", "log-format", nil, LogFormat, "json", "form of the log on standard error: text or json"},
	{"log.metrics_file", "metrics-file", nil, Path, "/var/lib/node_exporter/stripelake.prom", "write the figures of each run here for Prometheus"},

	{"privacy.pii", "pii", nil, Policy, "keep", "what becomes of every field labelled pii in the tables: keep, drop or hash"},
	{"privacy.fields", "pii-field", nil, Policies, "{customers.email: hash}", "exceptions, by table and path"},
	{"privacy.raw_redact", "raw-redact", nil, List, "[charge.billing_details.phone]", "blanked before the raw log, for good"},

	{"notify.url", "notify-url", nil, Address, "{env: NOTIFY_URL}", "post a small JSON object here when a run fails, when the lake is stale and when it is well again"},
	{"notify.on", "notify-on", nil, Event, "[failed, stale, recovered]", "of these only"},

	{MaxAge, "max-age", nil, Duration, "2h", "status exits with 3 if the changes of a resource are older than this"},
}

// Kind is the kind of a value: how it is written.
type Kind string

// The kinds of values.
const (
	Path      Kind = "a path" // relative to the file's folder
	Base      Kind = "an https address, or an http address of this machine"
	Date      Kind = "a date like 2024-01-31 or a time like 2024-01-31T12:00:00Z"
	Duration  Kind = "a duration like 90s, 36h or 90d"
	Share     Kind = "a percentage like 50%"
	Number    Kind = "a number above 0"
	Size      Kind = "a size like 1GiB or 500MB, or a share like 5%"
	Count     Kind = "a whole number"
	Policy    Kind = "keep, drop or hash"
	Policies  Kind = "a mapping of table.path to keep, drop or hash"
	List      Kind = "a list"
	Resource  Kind = "a list of names of resources, such as charges"
	LogFormat Kind = "text or json"
	Event     Kind = "failed, stale or recovered"
	Address   Kind = "an https address, {env: NAME} or {file: PATH}" // may be a secret itself: no message repeats it
)

// resourceName is how the name of a resource is written. Which resources there are is
// known where the schemas are: see [UnknownResource].
var resourceName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// UnknownResource returns why a value of the key Resources is refused that is none of
// these names.
func UnknownResource(name string, names []string) string {
	return Resources + " has the unknown resource " + strconv.Quote(name) + spelling.Suggestion(name, names) + "; the resources are " + strings.Join(names, ", ")
}
