package extract

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Windows that are already open, so that no request for the time is needed.
const (
	tenPlain   = Cursor(`{"v":2,"windows":[{"lt":10}],"goal":10}`)
	tenSeconds = Cursor(`{"v":2,"windows":[{"lt":10,"variant":"status=all"}],"goal":10}`)
)

// Case 22: nested lists of more than ten are read to their end, and joined as if Stripe
// had sent them complete.
func TestNestedListsAreCompleted(t *testing.T) {
	t.Parallel()
	items := func(from, to int, more bool) string {
		var data []string
		for i := from; i < to; i++ {
			data = append(data, fmt.Sprintf(`{"id":"si_%d"}`, i))
		}
		return fmt.Sprintf(`{"object":"list","data":[%s],"has_more":%t,"url":"/v1/subscription_items?subscription=sub_1"}`, strings.Join(data, ","), more)
	}
	var queries []string
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		queries = append(queries, r.URL.Path+"?"+mustUnescape(r.URL.RawQuery))
		w.Header().Set("Date", t0.Format(http.TimeFormat))
		switch r.URL.Query().Get("starting_after") {
		case "":
			say(w, `{"object":"list","data":[{"id":"sub_1","object":"subscription","created":5,"livemode":false,"items":`+items(0, 2, true)+`}],"has_more":false}`)
		case "si_1":
			say(w, items(2, 4, true))
		case "si_3":
			say(w, items(4, 5, false))
		}
	})
	pages := collect(t, fastClient(t, server, 2), "subscriptions", tenSeconds, Range{To: unixTime(10)})
	o := pages[0].Objects[0]
	var whole struct {
		Items struct {
			Data []struct{ ID string }
			More bool `json:"has_more"`
		}
	}
	if err := json.Unmarshal(JoinNested(o.Raw, o.More), &whole); err != nil {
		t.Fatal(err)
	}
	if len(whole.Items.Data) != 5 || whole.Items.Data[4].ID != "si_4" || whole.Items.More {
		t.Errorf("%s", JoinNested(o.Raw, o.More))
	}
	want := []string{
		"/v1/subscriptions?limit=2&status=all&expand[]=data.discount.coupon.applies_to&created[lt]=10",
		"/v1/subscription_items?subscription=sub_1&limit=2&starting_after=si_1",
		"/v1/subscription_items?subscription=sub_1&limit=2&starting_after=si_3",
	}
	if diff := cmp.Diff(want, queries); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// A list is completed wherever it is: in an element of a further page, at any depth of
// lists, in an expanded member; and with any other parameters in its url.
func TestListsInListsAreCompleted(t *testing.T) {
	t.Parallel()
	cut := func(url string, more bool, elements ...string) string {
		return fmt.Sprintf(`{"object":"list","data":[%s],"has_more":%t,"url":%q}`, strings.Join(elements, ","), more, url)
	}
	var queries []string
	answers := map[string]string{
		"/v1/xs?limit=100&starting_after=x_1":        cut("/v1/xs", false, `{"id":"x_2","ys":`+cut("/v1/ys?of=x_2", true, `{"id":"y_1"}`)+`}`),
		"/v1/ys?of=x_2&limit=100&starting_after=y_1": cut("/v1/ys", false, `{"id":"y_2","zs":`+cut("/v1/zs?expand[]=a&expand[]=b&limit=3&starting_after=z_0&ending_before=z_9", true)+`}`),
		"/v1/zs?expand[]=a&expand[]=b&limit=100":     cut("/v1/zs", false, `{"id":"z_1"}`),
		"/v1/ws?limit=100&starting_after=w_1":        cut("/v1/ws", false, `{"id":"w_2"}`),
	}
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked := r.URL.Path + "?" + mustUnescape(r.URL.RawQuery)
		queries = append(queries, asked)
		w.Header().Set("Date", t0.Format(http.TimeFormat))
		if answer, ok := answers[asked]; ok {
			say(w, answer)
			return
		}
		say(w, `{"object":"list","data":[{"id":"ch_1","object":"charge","created":5,"livemode":false,"customer":{"object":"customer","ws":`+
			cut("/v1/ws", true, `{"id":"w_1"}`)+`},"xs":`+cut("/v1/xs", true, `{"id":"x_1"}`)+`}],"has_more":false}`)
	})
	c := fastClient(t, server, 100)
	o := collect(t, c, "charges", tenPlain, Range{To: unixTime(10)})[0].Objects[0]
	want := `{"id":"ch_1","object":"charge","created":5,"livemode":false,"customer":{"object":"customer","ws":` +
		cut("/v1/ws", false, `{"id":"w_1"}`, `{"id":"w_2"}`) + `},"xs":` + cut("/v1/xs", false, `{"id":"x_1"}`, `{"id":"x_2","ys":`+
		cut("/v1/ys?of=x_2", false, `{"id":"y_1"}`, `{"id":"y_2","zs":`+cut("/v1/zs?expand[]=a&expand[]=b&limit=3&starting_after=z_0&ending_before=z_9", false, `{"id":"z_1"}`)+`}`)+`}`) + `}`
	if got := string(JoinNested(o.Raw, o.More)); got != want {
		t.Errorf("%s, want\n%s", got, want)
	}
	if len(queries) != 1+len(answers) || len(c.Failures()) > 0 {
		t.Errorf("requests %q, failures %v", queries, c.Failures())
	}
}

// The version of every answer counts, that of a nested list's page too; an answer
// without one counts as the requested version.
func TestVersionsOfAnswers(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		list, nested string // versions in the headers
		object       string
		other        []string
	}{
		"as asked":     {APIVersion, APIVersion, APIVersion, nil},
		"none is told": {"", "", APIVersion, nil},
		"the list":     {"2019-12-03", APIVersion, "2019-12-03", []string{"2019-12-03"}},
		"a page of it": {APIVersion, "2020-08-27", "2020-08-27", []string{"2020-08-27"}},
		"both":         {"2019-12-03", "2020-08-27", "2020-08-27", []string{"2019-12-03", "2020-08-27"}},
	} {
		c := fastClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			version, body := tc.list, `{"object":"list","data":[{"id":"ch_1","object":"charge","created":5,"x":{"object":"list","data":[],"has_more":true,"url":"/v1/things"}}],"has_more":false}`
			if r.URL.Path == "/v1/things" {
				version, body = tc.nested, `{"object":"list","data":[{"id":"t_1"}],"has_more":false}`
			}
			if version != "" {
				w.Header().Set("Stripe-Version", version)
			}
			say(w, body)
		}), 100)
		o := collect(t, c, "charges", tenPlain, Range{To: unixTime(10)})[0].Objects[0]
		if o.APIVersion != tc.object || !slices.Equal(c.OtherVersions(), tc.other) {
			t.Errorf("%s: the object came in %s, besides %q", name, o.APIVersion, c.OtherVersions())
		}
	}
}

// Lists that invent lists for ever end at the most lists of one object.
func TestListsInListsAreBounded(t *testing.T) {
	t.Parallel()
	asked := 0
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked++
		deeper := fmt.Sprintf(`"x":{"object":"list","data":[],"has_more":true,"url":"/v1/things?n=%d"}`, asked)
		if r.URL.Path == "/v1/charges" {
			say(w, `{"object":"list","data":[{"id":"ch_1","object":"charge","created":5,`+deeper+`}],"has_more":false}`)
			return
		}
		say(w, fmt.Sprintf(`{"object":"list","data":[{"id":"t_%d",%s}],"has_more":false}`, asked, deeper))
	})
	c := fastClient(t, server, 100)
	collect(t, c, "charges", tenPlain, Range{To: unixTime(10)})
	if failed := c.Failures(); asked != 1+maxLists || len(failed) != 1 || !strings.Contains(failed[0].Message, "more than 100 nested lists") {
		t.Errorf("%d requests, failures %v", asked, failed)
	}
}

// A list that cannot be read stays short and is counted, and its object is kept.
func TestNestedListThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ url, answer, want string }{
		"forbidden":     {"/v1/things", `{"error":{"message":"no"}}`, "may not read things"},
		"another host":  {"https://evil.example/v1/things", "", "no path of the API"},
		"no address":    {"", "", "no path of the API"},
		"not a v1 path": {"/admin", "", "no path of the API"},
		"no advance":    {"/v1/things", `{"object":"list","data":[{"id":"a"}],"has_more":false}`, "does not advance"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			c := fastClient(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked++
				if r.URL.Path == "/v1/things" {
					if strings.Contains(tc.answer, "error") {
						w.WriteHeader(http.StatusForbidden)
					}
					say(w, tc.answer)
					return
				}
				say(w, `{"object":"list","data":[{"id":"ch_1","object":"charge","created":5,"x":{"object":"list","data":[{"id":"a"}],"has_more":true,"url":"`+tc.url+`"}}],"has_more":false}`)
			}), 100)
			o := collect(t, c, "charges", tenPlain, Range{To: unixTime(10)})[0].Objects[0]
			failed := c.Failures()
			if o.More != nil || len(failed) != 1 || !strings.Contains(failed[0].Message, tc.want) || failed[0].What != "charge ch_1/x" {
				t.Errorf("%s, %+v", o.More, failed)
			}
			if tc.answer == "" && asked != 1 {
				t.Errorf("%d requests", asked)
			}
		})
	}
}

func TestJoinNested(t *testing.T) {
	t.Parallel()
	const list = `{ "object":"list", "data": [ {"id":1} ] , "has_more" : true }`
	for name, tc := range map[string]struct{ object, more, want string }{
		"none":           {`{"a":` + list + `}`, ``, `{"a":` + list + `}`},
		"one page":       {`{"a":` + list + `,"b":1}`, `{"/a":[{"data":[{"id":2},{"id":3}],"has_more":false}]}`, `{"a":{ "object":"list", "data": [ {"id":1} ,{"id":2},{"id":3}] , "has_more" : false },"b":1}`},
		"two lists":      {`{"a":{"data":[],"has_more":true},"b":[{"c":{"has_more":true,"data":[1]}}]}`, `{"/a":[{"data":[7],"has_more":false}],"/b/0/c":[{"data":[2],"has_more":true},{"data":[3],"has_more":false}]}`, `{"a":{"data":[7],"has_more":false},"b":[{"c":{"has_more":false,"data":[1,2,3]}}]}`},
		"lists in lists": {`{"a":{"data":[1],"has_more":true}}`, `{"/a":[{"data":[{"b":{"data":[],"has_more":true}}],"has_more":false}],"/a/data/1/b":[{"data":[2],"has_more":false}]}`, `{"a":{"data":[1,{"b":{"data":[2],"has_more":false}}],"has_more":false}}`},
		"elsewhere":      {`{"a":1}`, `{"/b":[{"data":[1],"has_more":false}]}`, `{"a":1}`},
		"no JSON":        {`{"a":1}`, `[`, `{"a":1}`},
	} {
		if got := string(JoinNested([]byte(tc.object), []byte(tc.more))); got != tc.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, tc.want)
		}
	}
}
