package doctor

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline"
	"github.com/stripelake/stripelake/load"
	"github.com/stripelake/stripelake/schemas"
)

// checkStripe makes the checks that send requests to Stripe, and returns the name
// under which the lake in dir keeps the account, if it is known.
func (k Key) checkStripe(ctx context.Context, found *Diagnosis, dir string) (account string) {
	switch {
	case k.Client == nil && k.NoClient == nil:
		found.skip("stripe", "no key is given (STRIPE_API_KEY or --api-key-file), so only the lake is looked at")
		return ""
	case k.Client == nil:
		found.problem("key", "give another key where this one comes from: the settings, --api-key-file or STRIPE_API_KEY", "%s", k.NoClient)
		return ""
	}
	who, err := k.Client.Account(ctx)
	if err != nil && !pipeline.IsAccountHidden(err) { // every other request will fail, too
		says, fix := textAndFix(err, fixAsked)
		found.problem("key", fix, "%s", strings.TrimPrefix(says, "read the account: "))
		found.skip("stripe", "what else it would tell")
		return ""
	}
	k.checkKey(found)
	account = k.checkAccount(found, dir, who.ID, err)
	k.checkLists(ctx, found, pipeline.ResourcesInForce(dir))
	k.checkClock(found)
	return account
}

func (k Key) checkKey(found *Diagnosis) {
	if k.Client.Restricted() {
		found.ok("key", "a restricted key (rk_), %s mode", k.Client.Mode())
		return
	}
	found.warn("key", "make a restricted key (rk_) with Read permission for what is listed here, and give that one to stripelake",
		"a secret key (sk_), %s mode: it can also change and delete everything", k.Client.Mode())
}

// checkAccount returns the name under which the lake keeps the account.
func (k Key) checkAccount(found *Diagnosis, dir, id string, err error) string {
	if err == nil {
		found.ok("account", "%s", id)
		return id
	}
	accounts, _ := load.ReadAccounts(dir) // checkLake reports its error
	if label := pipeline.NameOfAccount(accounts, "", k.Label); label != "" {
		found.ok("account", "this key may not read it; %s is its label", label)
		return label
	}
	says, fix := textAndFix(err, fixAsked)
	if extract.IsNotFound(err) {
		fix += "; " + pipeline.FixHiddenAccount
	}
	found.problem("account", strings.Replace(fix, "or name the account yourself", "or name the account once with --account-label NAME", 1), "%s", says)
	return ""
}

// checkLists requests each list: may the key read it, and in which API version
// is it answered?
func (k Key) checkLists(ctx context.Context, found *Diagnosis, of *schemas.Resources) {
	answered := ""
	for _, resource := range pipeline.Streams(of) {
		version, err := k.Client.Ask(ctx, resource)
		answered = cmp.Or(answered, version)
		if err == nil {
			found.ok(resource.Name, "readable")
			continue
		}
		says, fix := textAndFix(err, fixAsked)
		if resource.Name == extract.Events().Name {
			says += ": changes to what is in the lake are missed"
		}
		found.problem(resource.Name, fix, "%s", says)
	}
	switch answered {
	case extract.APIVersion:
		found.ok("API version", "%s, as asked for", answered)
	case "":
		found.warn("API version", "look at --api-base and the proxy in between", "no answer tells it; %s was asked for", extract.APIVersion)
	default:
		found.warn("API version", pipeline.FixAPIVersion,
			"%s, and %s was asked for", answered, extract.APIVersion)
	}
}

// clockTolerance is how far apart two clocks may be. Stripe's Date header has
// whole seconds, and an answer takes some time.
const clockTolerance = 5 * time.Second

func (k Key) checkClock(found *Diagnosis) {
	server := k.Client.ServerTime()
	if server.IsZero() {
		found.problem("clock", "look at the proxy in between", "the answers have no Date header, so where to stop is unknown")
		return
	}
	word, apart := "ahead of", time.Since(server).Truncate(time.Second)
	if apart < 0 {
		word, apart = "behind", -apart
	}
	text := apart.String()
	if days := int(apart / (24 * time.Hour)); days > 1 {
		text = fmt.Sprintf("%d days", days)
	}
	if apart <= clockTolerance {
		found.ok("clock", "within %d s of Stripe's", clockTolerance/time.Second)
		return
	}
	found.warn("clock", "have the clock set over the network (NTP)",
		"this machine's is %s %s Stripe's: nothing is missed, for windows follow Stripe's, but certificates may be refused and the times of runs are off", text, word)
}
