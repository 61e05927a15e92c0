package stripesim

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"
)

// An apiError is an error as Stripe answers it: status, code and param as
// recorded, and the wording where a recording of it is public (keys,
// permissions, unknown paths, parameters and objects); the rest is worded in
// the same manner. Stripe: 401 and 403 are of type
// invalid_request_error too; a client tells errors apart by status, then code.
type apiError struct {
	status  int
	code    string // "" where Stripe sends none
	message string
	param   string // "" where Stripe names none
	kind    string // "" means invalid_request_error
}

const seeDocs = "Please see https://stripe.com/docs or we can help at https://support.stripe.com/."

func errUnknownURL(method, path string) *apiError {
	return &apiError{status: http.StatusNotFound, message: fmt.Sprintf("Unrecognized request URL (%s: %s). %s", method, path, seeDocs)}
}

func errNoSuch(status int, object, id, param string) *apiError {
	return &apiError{
		status: status, code: "resource_missing", param: param,
		message: fmt.Sprintf("No such %s: '%s'", object, redactKeys(id)),
	}
}

// errNoObject is the 404 of an object by its id. Stripe: it names the parameter
// id, but for a price the parameter price, for an intent the parameter
// intent.
func errNoObject(object, id string) *apiError {
	param := "id"
	switch object {
	case "price", "coupon":
		param = object
	case "payment_intent", "setup_intent":
		param = "intent"
	}
	return errNoSuch(http.StatusNotFound, object, id, param)
}

// errExpired is the answer for an event older than 30 days, which Stripe no
// longer shows.
func errExpired(status int, id, param string) *apiError {
	return &apiError{
		status: status, code: "resource_missing", param: param,
		message: fmt.Sprintf("The event '%s' is no longer available because it's aged out of our retention policy.", redactKeys(id)),
	}
}

func errUnknownParams(names []string) *apiError {
	plural := ""
	if len(names) > 1 {
		plural = "s"
	}
	return errParam("parameter_unknown", names[0], fmt.Sprintf("Received unknown parameter%s: %s", plural, strings.Join(names, ", ")))
}

func errInteger(param, message string) *apiError {
	return errParam("parameter_invalid_integer", param, message)
}

func errParam(code, param, message string) *apiError {
	return &apiError{status: http.StatusBadRequest, code: code, param: param, message: message}
}

// render writes the error's envelope with its keys in Stripe's order.
func (e *apiError) render(w *writer, requestID string, at int64) {
	w.open('{')
	w.object("error")
	if e.code != "" {
		w.str("code", e.code)
		w.str("doc_url", "https://stripe.com/docs/error-codes/"+strings.ReplaceAll(e.code, "_", "-"))
	}
	w.str("message", e.message)
	if e.param != "" {
		w.str("param", e.param)
	}
	if e.code != "" {
		w.str("request_log_url", fmt.Sprintf("https://dashboard.stripe.com/test/logs/%s?t=%d", requestID, at))
	}
	w.str("type", cmp.Or(e.kind, "invalid_request_error"))
	w.end()
	w.end()
}
