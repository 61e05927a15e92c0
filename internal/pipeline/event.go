package pipeline

import (
	"time"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/load"
)

// Event is one message of a run. The pipeline emits events and renders nothing:
// the progress on a terminal, plain lines and JSON lines are all made from them
// (`sync --json` prints them as they are). Fields that do not apply are absent.
type Event struct {
	Event    string `json:"event"` // one of the Event… constants
	Resource string `json:"resource,omitempty"`
	Account  string `json:"account,omitempty"`
	Mode     string `json:"mode,omitempty"` // "live" or "test"
	Message  string `json:"message,omitempty"`
	Fix      string `json:"fix,omitempty"`     // what to do about the error in Message, if known
	Warning  bool   `json:"warning,omitempty"` // Message needs somebody's attention
	Kept     bool   `json:"kept,omitempty"`    // Resource could not be read to its end, and some of it is in the lake

	Objects    int    `json:"objects,omitempty"`          // read from Stripe (page), appended (segment), or applied
	Unchanged  int    `json:"unchanged,omitempty"`        // read, but equal to the newest version in the log
	Suppressed int    `json:"suppressed,omitempty"`       // read, and left out because they belong to people who were forgotten
	Blanked    int    `json:"blanked,omitempty"`          // appended without their text: they may belong to people who were forgotten, and Stripe does not say
	Rows       int    `json:"rows,omitempty"`             // rows made, all tables
	Rejects    int    `json:"rejects,omitempty"`          // rows refused, all tables
	Incomplete int    `json:"incomplete_lists,omitempty"` // nested lists that Stripe cut short
	Drift      int    `json:"drift,omitempty"`            // kinds of drift not seen before
	Left       *int64 `json:"left,omitempty"`             // about how many objects Resource's list still has (page); absent if nothing tells
	Segment    uint64 `json:"segment,omitempty"`          // segment number in its stream
	Segments   uint64 `json:"segments,omitempty"`         // how many are applied now (applied), or wait to be (backlog)
	Generation uint64 `json:"generation,omitempty"`       // number of the generation published

	Until   *time.Time `json:"until,omitempty"`   // outage: when requests are given up (UTC)
	Seconds float64    `json:"seconds,omitempty"` // answering: how long the outage lasted

	Summary *Summary `json:"summary,omitempty"` // the last event of a run carries it
}

// The kinds of event, in the order a run emits them.
const (
	EventStarted   = "started"   // account and mode are known
	EventNotice    = "notice"    // something the user should read: Message
	EventBacklog   = "backlog"   // Segments of Account's log are not in the state, and are applied first
	EventOutage    = "outage"    // Stripe or the network is down, and the run waits until Until: Message; once in an outage, at any time
	EventAnswering = "answering" // that outage is over: Message
	EventPage      = "page"      // a page of Resource was read
	EventSegment   = "segment"   // a segment of Resource is durable in the log
	EventApplied   = "applied"   // a segment of Resource is in the state
	EventWaiting   = "waiting"   // Resource is read so far, and its reader waits until the segments appended are applied
	EventRead      = "read"      // Resource is read to its end; Message holds the error if it is not
	EventPublished = "published" // a generation is published
	EventStopped   = "stopped"   // a bound ended the reading: Message says what is left
	EventFinished  = "finished"  // the run is over: Summary
)

// outageEvent returns the event of the beginning or the end of an outage.
func outageEvent(o extract.Outage) Event {
	if o.Ended.IsZero() {
		return Event{Event: EventOutage, Message: o.String(), Until: new(o.Until.Truncate(time.Second))}
	}
	return Event{Event: EventAnswering, Message: o.String(), Seconds: o.Lasted().Seconds()}
}

// Summary is the result of a run. Its counts are of this run alone.
type Summary struct {
	Account    string             `json:"account"`
	Outcome    string             `json:"outcome"`              // "done", "stopped", "incomplete", "failed" or "interrupted"
	Stopped    string             `json:"stopped,omitempty"`    // the bound that ended the reading: "max-runtime", "max-requests" or "min-free"
	Requests   int64              `json:"requests"`             // HTTP requests sent, retries included
	Objects    int                `json:"objects"`              // objects read from Stripe
	Unchanged  int                `json:"unchanged"`            // of those, equal to what the log already holds
	Suppressed int                `json:"suppressed,omitempty"` // of those, left out because they belong to people who were forgotten
	Blanked    int                `json:"blanked,omitempty"`    // of those, kept without their text: they may belong to people who were forgotten, and Stripe does not say
	Rows       int                `json:"rows"`                 // rows written, all tables
	Rejects    int                `json:"rejects"`              // rows refused, all tables; see meta.rejects
	Incomplete int                `json:"incomplete_lists"`     // nested lists that Stripe cut short; see meta.incomplete_lists
	Drift      int                `json:"drift,omitempty"`      // kinds of drift not seen before; see meta.drift
	Segments   int                `json:"segments"`             // segments appended to the log
	Generation uint64             `json:"generation,omitempty"` // published by this run; absent if nothing changed
	Unread     map[string]string  `json:"unread,omitempty"`     // resources that could not be read, and why
	Fixes      map[string]string  `json:"fixes,omitempty"`      // of those, what to do about the error, if known
	GivenUp    []load.GivenUp     `json:"given_up,omitempty"`   // requests that this run or an earlier one gave up and none has repeated with success; as in meta.requests
	Seconds    float64            `json:"seconds"`
	Stages     map[string]float64 `json:"stages,omitempty"` // seconds spent in each stage, summed over goroutines
}
