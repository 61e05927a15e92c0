package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

// An object with bytes that are not UTF-8, in a field that no column takes, is
// read, counted as drift and looked at by authors' commands. No error ever holds a whole object, not even where a segment of an
// older version has such bytes.
func TestBytesThatAreNotUTF8(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("other processes: nothing for the race detector")
	}
	const broken = "{\"id\":\"cus_1\",\"object\":\"customer\",\"created\":%d,\"livemode\":false,\"balance\":0,\"name\":\"Ann\",\"strange\":\"a\xff\xfeb\",\"secret\":\"s3cret\"}"
	at := time.Now().Add(-time.Hour).Unix()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/account":
			fmt.Fprint(w, `{"id":"acct_1","object":"account"}`)
		case "/v1/customers":
			if since := r.URL.Query().Get("created[gte]"); since > strconv.FormatInt(at, 10) {
				fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
				return
			}
			fmt.Fprintf(w, `{"object":"list","has_more":false,"data":[`+broken+`]}`, at)
		default:
			fmt.Fprint(w, `{"object":"list","has_more":false,"data":[]}`)
		}
	}))
	t.Cleanup(server.Close)
	g := hiding{api: server.URL, work: t.TempDir()}
	sync := append(g.with("sync"), g.atStripe()...)
	g.run(t, sync)
	for _, c := range []struct{ args, want string }{
		{"query SELECT|path,found,objects,first_id|FROM|meta.drift|WHERE|path='customer'", "customer  bytes that are not UTF-8        1  cus_1"},
		{"schema coverage customers", "strange"},
		{"schema preview cus_1", "Ann"},
		{"verify", "nothing found"},
		{strings.Join(sync, " "), "nothing new"},
	} {
		args := strings.Fields(c.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "|", " ")
		}
		if c.args != strings.Join(sync, " ") {
			args = g.with(args...)
		}
		if said := g.run(t, args); !strings.Contains(said, c.want) {
			t.Errorf("%q says nothing of %q:\n%s", args, c.want, said)
		}
	}

	files, err := filepath.Glob(filepath.Join(g.lake(), "raw", "acct_1", "customers", "*.parquet"))
	if err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	type before struct {
		Seq        int64  `parquet:"seq"`
		ID         string `parquet:"id"`
		Created    *int64 `parquet:"created,optional,timestamp(microsecond:local)"`
		ObservedAt int64  `parquet:"observed_at,timestamp(microsecond:local)"`
		Deleted    bool   `parquet:"deleted"`
		Object     []byte `parquet:"object,string"`
	}
	if err := os.Remove(files[0]); err != nil {
		t.Fatal(err)
	}
	if err := parquet.WriteFile(files[0], []before{{Seq: 1, ID: "cus_1", Object: fmt.Appendf(nil, broken, at)}}); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"schema", "coverage", "customers"}, {"schema", "preview", "cus_1"}} {
		if said := g.run(t, g.with(args...)); strings.Contains(said, "s3cret") || !strings.Contains(said, "older version") {
			t.Errorf("%q says\n%s", args, said)
		}
	}
}
