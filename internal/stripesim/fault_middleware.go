package stripesim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"
)

// injectFaults applies faults to answers before they are sent.
func (s *Server) injectFaults(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.faults.idle() {
			next.ServeHTTP(w, r)
			return
		}
		fault := s.faults.choose(r)
		if e, retry := fault.Kind.apiError(); e != nil {
			s.faults.note(fault.Kind)
			if retry != "" {
				w.Header()["Stripe-Should-Retry"] = []string{retry}
			}
			s.refuse(w, e)
			return
		}
		if fault.Kind == Unexpanded {
			r = s.unexpanded(r)
		}
		real := &answer{header: w.Header(), status: http.StatusOK}
		next.ServeHTTP(real, r)
		s.corrupt(w, r, fault, real)
	})
}

// unexpanded returns a request of a list without what it expands. Stripe is not
// known to do so, but others met members that a list did not expand.
func (s *Server) unexpanded(r *http.Request) *http.Request {
	query := r.URL.Query()
	if _, id := splitPath(r.URL.EscapedPath()); id != "" || !query.Has("expand[]") {
		return r
	}
	s.faults.note(Unexpanded)
	query.Del("expand[]")
	plain := r.Clone(r.Context())
	plain.URL.RawQuery = query.Encode()
	return plain
}

// An answer buffers a response until it is sent.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) WriteHeader(status int)      { a.status = status }
func (a *answer) Write(p []byte) (int, error) { return a.body.Write(p) }

// apiError returns the error that a fault answers with, nil for none, and the
// value of Stripe-Should-Retry.
func (k FaultKind) apiError() (e *apiError, retry string) {
	const down = "An error occurred with our connection to Stripe. We have been notified of the problem."
	switch k {
	case Unavailable:
		return &apiError{status: http.StatusServiceUnavailable, kind: "api_error", message: down}, ""
	case ServerError:
		return &apiError{status: http.StatusInternalServerError, kind: "api_error", message: down}, ""
	case ServerErrorYes:
		return &apiError{status: http.StatusInternalServerError, kind: "api_error", message: down}, "true"
	case ServerErrorNo:
		return &apiError{status: http.StatusInternalServerError, kind: "api_error", message: down}, "false"
	case LockTimeout, Conflict:
		status := http.StatusTooManyRequests
		if k == Conflict {
			status = http.StatusConflict
		}
		return &apiError{status: status, code: "lock_timeout", message: "This object cannot be accessed right now because " +
			"another API request or Stripe process is currently accessing it. If you see this error intermittently, retry the request."}, "true"
	case TooManyRequests:
		return errRateLimit(), ""
	case RevokedKey:
		return &apiError{status: http.StatusUnauthorized, code: "api_key_expired", message: "Expired API Key provided."}, ""
	case Forbidden:
		return &apiError{status: http.StatusForbidden, message: "The provided key does not have the required permissions for this endpoint."}, ""
	case GoneParameter:
		return errUnknownParams([]string{"limit"}), ""
	}
	return nil, ""
}

const proxyPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n</body>\r\n</html>\r\n"

// corrupt sends an answer with the fault, or unchanged if the fault does not
// apply to it.
func (s *Server) corrupt(w http.ResponseWriter, r *http.Request, fault Fault, real *answer) {
	body := bytes.Clone(real.body.Bytes())
	var before []byte
	if real.status == http.StatusOK {
		before = s.faults.page(r, body)
	}
	if e := fault.Kind.denies(real.status, body); e != nil {
		s.faults.note(fault.Kind)
		s.refuse(w, e)
		return
	}
	status, corrupted := real.status, body
	switch fault.Kind {
	case "", Unexpanded:
	case Reset:
		corrupted = nil
	case HTMLPage, HTML502:
		w.Header()["Content-Type"] = []string{"text/html"}
		corrupted = []byte(proxyPage)
		if fault.Kind == HTML502 {
			status = http.StatusBadGateway
		}
	case ResetMidBody, Stall, TruncatedJSON:
		corrupted = body[:len(body)/2]
	case CutString:
		corrupted = cutString(body)
	case OtherVersion:
		w.Header()["Stripe-Version"] = []string{olderVersion}
	case WrongKind, FalseStub:
		corrupted = fault.Kind.disguise(body)
	default:
		corrupted = fault.Kind.distort(body, before, r.URL.Query().Has("starting_after"))
	}
	if fault.Kind == OtherVersion || fault.Kind != "" && !bytes.Equal(corrupted, body) {
		s.faults.note(fault.Kind)
	}
	switch fault.Kind {
	case Reset, ResetMidBody, Stall:
		breakOff(w, r, fault, corrupted, len(body))
	default:
		send(w, status, corrupted)
	}
}

// oneObject returns the id and the type of an answer that is one object, and
// nothing for a list.
func oneObject(body []byte) (id, kind string) {
	var o struct{ ID, Object string }
	if json.Unmarshal(body, &o) != nil || o.Object == "list" || o.Object == "account" {
		return "", ""
	}
	return o.ID, o.Object
}

// denies returns the error which claims that an existing object does not exist;
// nil for other faults.
func (k FaultKind) denies(status int, body []byte) *apiError {
	id, kind := oneObject(body)
	switch {
	case status != http.StatusOK || kind == "":
		return nil
	case k == NotFound:
		return errNoObject(kind, id)
	case k == NotFoundParam:
		return errNoSuch(http.StatusNotFound, "expand", "default_source", "expand")
	}
	return nil
}

// disguise turns an object into one of another kind, or into a deleted object's
// stub.
func (k FaultKind) disguise(body []byte) []byte {
	id, kind := oneObject(body)
	var fields map[string]any
	if kind == "" || json.Unmarshal(body, &fields) != nil {
		return body
	}
	switch {
	case k == FalseStub:
		fields = map[string]any{"id": id, "object": kind, "deleted": true}
	case kind == "charge":
		fields["object"] = "customer"
	default:
		fields["object"] = "charge"
	}
	out, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return out
}

// cutString cuts a body in the middle of its last string.
func cutString(body []byte) []byte {
	if i := bytes.LastIndex(body, []byte(`": "`)); i >= 0 {
		return body[:i+len(`": "`)]
	}
	return body[:len(body)/2]
}

// distort changes a page and keeps it valid JSON. It does not change what is no
// page.
func (k FaultKind) distort(body, before []byte, moved bool) []byte {
	var page struct {
		Object  string            `json:"object"`
		Data    []json.RawMessage `json:"data"`
		HasMore bool              `json:"has_more"`
		URL     string            `json:"url"`
	}
	if json.Unmarshal(body, &page) != nil || page.Object != "list" {
		return body
	}
	switch {
	case k == RepeatedPage && moved && before != nil:
		return before
	case k == EmptyPage:
		page.Data, page.HasMore = []json.RawMessage{}, true
	case k == EndlessPage:
		page.HasMore = true
	case k == EarlyEnd:
		page.HasMore = false
	case k == WrongObject:
		page.Object = "balance"
	case k == DuplicateIDs && len(page.Data) > 0:
		page.Data = append(page.Data, page.Data[0])
	case k == WrongElement && len(page.Data) > 0:
		page.Data[len(page.Data)-1] = json.RawMessage(`{"id": "prod_stray", "object": "product", "created": 1}`)
	default:
		return body
	}
	// The objects keep their bytes: an object with another indentation would be
	// another one.
	return fmt.Appendf(nil, "{\n  \"object\": %q,\n  \"data\": [\n    %s\n  ],\n  \"has_more\": %t,\n  \"url\": %q\n}",
		page.Object, bytes.Join(rawBytes(page.Data), []byte(",\n    ")), page.HasMore, page.URL)
}

func rawBytes(data []json.RawMessage) [][]byte {
	parts := make([][]byte, len(data))
	for i, d := range data {
		parts[i] = d
	}
	return parts
}

// breakOff sends a part of a body whose header announces the given length, and
// resets the connection.
func breakOff(w http.ResponseWriter, r *http.Request, fault Fault, part []byte, length int) {
	if fault.Kind != Reset {
		w.Header()["Content-Length"] = []string{strconv.Itoa(length)}
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(part)
		_ = http.NewResponseController(w).Flush()
	}
	if fault.Kind == Stall {
		select {
		case <-time.After(fault.Wait):
		case <-r.Context().Done():
		}
	}
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // not a socket: a client without a network sees a short answer
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}
