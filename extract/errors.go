package extract

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"unicode"

	"github.com/stripelake/stripelake/internal/hint"
)

// ErrMode is in the chain of the error that stops a run when an object's livemode
// differs from the mode of the key: two modes never share a lake.
var ErrMode = errors.New("object of the other mode")

// APIError is an answer of the API host other than 2xx, after the retries that its kind
// allows.
//
// Stripe: error types have changed their names over the years. So the program decides
// by Status and Code; it only prints Type.
type APIError struct {
	Status    int    // HTTP status
	Type      string // "invalid_request_error"; empty if the body was not Stripe's
	Code      string // "resource_missing"; often empty
	Param     string // the request parameter concerned, if any
	Message   string // Stripe's own words, on one line, secrets redacted
	RequestID string // "req_…", for Stripe's support and the Dashboard's log

	subject string // the requested objects, in the plural: "refunds"
	instead string // the alternative on a 403: ", or leave refunds out"

	contact *contact // of the client: other answers help to explain this one
}

func (e *APIError) Error() string {
	what, advice := e.explain()
	var in []string
	for _, s := range []string{e.Code, e.RequestID} {
		if s != "" {
			in = append(in, s)
		}
	}
	text := fmt.Sprintf("%d %s", e.Status, what)
	if len(in) > 0 {
		text += " (" + strings.Join(in, ", ") + ")"
	}
	if advice != "" {
		text += ": " + advice
	}
	return Redact(text) // Invariant 11
}

// Hint returns the problem and the advice for it, which may be empty.
func (e *APIError) Hint() *hint.Error {
	what, fix := e.explain()
	return hint.New(Redact(fmt.Sprintf("%d %s", e.Status, what)), Redact(fix)) // Invariant 11
}

// permission matches the name of a permission in Stripe's messages about restricted
// keys.
var permission = regexp.MustCompile(`rak_[a-z_]+`)

// explain returns the problem and the advice for it.
func (e *APIError) explain() (what, advice string) {
	switch {
	case e.Status == http.StatusUnauthorized:
		return "this key is not accepted",
			"check in the Dashboard (Developers, API keys) that it is whole, not expired and not revoked"
	case e.Status == http.StatusForbidden && e.Code == codeNoAccess:
		return "this key has no access to the account, or there is none of that id",
			"check the id, and that the account is still connected to the platform"
	case e.Status == http.StatusForbidden && e.Message == "":
		return e.message(), fixProxy
	case e.Status == http.StatusForbidden:
		return "this key may not read " + cmp.Or(e.subject, "this"),
			"give the key the " + e.right() + " in the Dashboard" + e.instead
	case e.Status == http.StatusTooManyRequests && e.Code != codeLocked:
		return "rate limited", "use a smaller share of the account's rate limit, or run when it is quieter"
	case e.Status/100 == 3 && !e.othersAnswered():
		return e.Message, "the address must be that of the API itself"
	case e.Status/100 == 3:
		return e.Message, fixProxy + e.instead
	case e.Status == http.StatusNotFound && e.Code == codeMissing && e.Param != "id":
		return e.message(), fmt.Sprintf("it is about the parameter %q and not about the id, so nothing is taken for deleted; run again, and if it stays ask Stripe's support", e.Param)
	case e.Status == http.StatusNotFound && e.Code != codeMissing && !e.othersAnswered():
		return e.message(), "check the address of the API"
	case e.Status == http.StatusNotFound && e.Code != codeMissing:
		return e.message(), fixProxy + e.instead
	case e.Status >= 500:
		return e.message(), "run again later; the sync goes on where it stopped"
	}
	return e.message(), ""
}

// fixProxy is the advice if the address is right and an answer is not the API's.
const fixProxy = "look at the proxy in between"

// othersAnswered reports whether the API has answered other requests, so that its
// address is right.
func (e *APIError) othersAnswered() bool { return e.contact != nil && e.contact.answered.Load() }

// right names the missing permission as the Dashboard does, and, if Stripe's message
// names it, as that does.
func (e *APIError) right() string {
	right := "Read permission"
	if e.subject != "" {
		subject := strings.TrimPrefix(e.subject, "the ")
		right = strings.ToUpper(subject[:1]) + subject[1:] + ": " + right
	}
	if name := permission.FindString(e.Message); name != "" {
		right += " (" + name + ")"
	}
	return right
}

func (e *APIError) message() string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Type != "":
		return e.Type
	}
	return cmp.Or(strings.ToLower(http.StatusText(e.Status)), "unknown status") + ", and the body is not Stripe's"
}

// codeNoAccess is the code of a 403 that concerns the whole account.
const codeNoAccess = "account_invalid"

// codeLocked is the code of a 429 that concerns one object, not the rate.
const codeLocked = "lock_timeout"

// codeMissing is the code for an object that does not exist: as an id, or as a cursor.
const codeMissing = "resource_missing"

// vanished reports whether the object that a page should start after is gone.
//
// Stripe: the cursor must still exist, and still match the filter.
func vanished(err error) bool {
	var e *APIError
	return errors.As(err, &e) && e.Code == codeMissing && e.Param == "starting_after"
}

// noSuch reports whether the object by which a list is filtered is gone. Stripe: the
// answer is a 400 or a 404 that names the filter.
func noSuch(err error, filter string) bool {
	var e *APIError
	name, _, _ := strings.Cut(filter, "=")
	return errors.As(err, &e) && e.Code == codeMissing && e.Param == name
}

// IsUnauthorized reports whether Stripe does not accept the key (401): all other
// requests of this run will fail, too.
func IsUnauthorized(err error) bool { return hasStatus(err, http.StatusUnauthorized) }

// IsForbidden reports whether the key may not read this one resource (403); it may be
// allowed to read others.
func IsForbidden(err error) bool { return hasStatus(err, http.StatusForbidden) }

// IsNotFound reports whether the requested object does not exist (404).
func IsNotFound(err error) bool { return hasStatus(err, http.StatusNotFound) }

func hasStatus(err error, status int) bool {
	var e *APIError
	return errors.As(err, &e) && e.Status == status
}

// statusOf returns the HTTP status and the request id of an error; 0 and "" if it has
// none.
func statusOf(err error) (status int, requestID string) {
	if e, ok := errors.AsType[*APIError](err); ok {
		return e.Status, e.RequestID
	}
	if m, ok := errors.AsType[*malformed](err); ok {
		return 0, m.requestID
	}
	return 0, ""
}

// malformed is the error for a 2xx answer that is not a complete page.
type malformed struct {
	what      string
	requestID string
	large     bool // the body is larger than the client reads
}

func (m *malformed) Error() string {
	h := m.Hint()
	return h.Err.Error() + "; " + h.Fix
}

// Hint returns the problem and the advice for it.
func (m *malformed) Hint() *hint.Error {
	text := "unusable answer: " + m.what
	if m.requestID != "" {
		text += " (" + m.requestID + ")"
	}
	return hint.New(Redact(text+": nothing of it was kept"), "run again, and if it stays look at the proxy in between or ask Stripe's support")
}

// oneLine makes foreign text safe in an error: no line breaks, no secrets, limited
// length, and no characters that control a terminal or change the direction of text.
func oneLine(s string) string {
	const most = 300 // characters
	s = s[:min(len(s), 1<<14)]
	s = strings.ToValidUTF8(strings.Map(printable, s), "\ufffd")
	s = Redact(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "…"
	}
	return s
}

func printable(r rune) rune {
	if unicode.IsPrint(r) || unicode.IsSpace(r) && r != '\u0085' {
		return r
	}
	return '\ufffd'
}
