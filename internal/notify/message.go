package notify

import (
	"fmt"
	"slices"
	"time"
)

// The events that a message can be of.
const (
	Failed    = "failed"
	Stale     = "stale"
	Recovered = "recovered"
)

// Events returns all of them.
func Events() []string { return []string{Failed, Stale, Recovered} }

// Message is what is posted. It has no text of an error, because that could name a person;
// the run's own output has it.
type Message struct {
	Format     int       `json:"format"` // 1; fields may be added, none changes its meaning
	Event      string    `json:"event"`  // one of [Events]
	Text       string    `json:"text"`   // all of it in a sentence, in the field that chat programs show
	Command    string    `json:"command"`
	Lake       string    `json:"lake"`
	ExitStatus int       `json:"exit_status"`
	Since      time.Time `json:"since"` // UTC: when the first run found it so
	Time       time.Time `json:"time"`  // UTC
	Program    string    `json:"program"`
}

// Outcome is how one run of a command ended, or how old a lake is.
type Outcome struct {
	Command, Lake, Program string
	Status                 int    // exit status; 0 is well
	Event                  string // [Failed] or [Stale]: what it is where the status is not 0
}

// Trouble is what was found and has not ended since.
type Trouble struct {
	Event  string    `json:"event"`
	Status int       `json:"status"`
	Since  time.Time `json:"since"` // UTC
	Told   time.Time `json:"told"`  // UTC: when it was last posted; zero if never
}

// Memory is the trouble of each command, as it is kept between runs.
type Memory map[string]Trouble

// again is how often lasting trouble is told once more.
const again = 24 * time.Hour

// Decide returns the message for an outcome, or nil where nothing is to be told: all is well
// as before, the same trouble was told within the last day, or nobody wants that event. It
// changes the memory to what holds now; the caller calls [Memory.Tell] once the message is
// delivered.
func (m Memory) Decide(o Outcome, on []string, now time.Time) *Message {
	before, troubled := m[o.Command]
	message := &Message{
		Format: 1, Event: o.Event, Command: o.Command, Lake: o.Lake, ExitStatus: o.Status, Since: now, Time: now, Program: o.Program,
	}
	if troubled {
		message.Since = before.Since
	}
	if o.Status == 0 {
		delete(m, o.Command)
		if !troubled || before.Told.IsZero() {
			return nil
		}
		message.Event = Recovered
		message.Text = fmt.Sprintf("stripelake %s of %s is well again; it was %s since %s", o.Command, o.Lake, before.Event, before.Since.Format(time.RFC3339))
	} else {
		same := troubled && before.Status == o.Status && before.Event == o.Event
		m[o.Command] = Trouble{Event: o.Event, Status: o.Status, Since: message.Since, Told: before.Told}
		if same && now.Sub(before.Told) < again {
			return nil
		}
		message.Text = fmt.Sprintf("stripelake %s of %s %s, exit status %d, since %s", o.Command, o.Lake, happened[o.Event], o.Status, message.Since.Format(time.RFC3339))
	}
	if !slices.Contains(on, message.Event) {
		return nil
	}
	return message
}

// Tell records that trouble of a command was told.
func (m Memory) Tell(command string, now time.Time) {
	if t, troubled := m[command]; troubled {
		t.Told = now
		m[command] = t
	}
}

var happened = map[string]string{Failed: "failed", Stale: "found the lake stale"}
