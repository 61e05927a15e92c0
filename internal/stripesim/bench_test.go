package stripesim

import (
	"fmt"
	"io"
	"net/http"
	"testing"
)

// BenchmarkServe reads full pages over loopback, client included.
func BenchmarkServe(b *testing.B) {
	s := newTestServer(b, Config{Charges: 20_000})
	url, stop, err := s.Start("127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer stop()
	for _, name := range resourceNames {
		b.Run(name, func(b *testing.B) {
			req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, fmt.Sprintf("%s/v1/%s?limit=100", url, name), nil)
			if err != nil {
				b.Fatal(err)
			}
			req.SetBasicAuth("sk_test_bench", "")
			objects := 0
			for b.Loop() {
				resp, err := http.DefaultClient.Do(req)
				if err != nil {
					b.Fatal(err)
				}
				n, err := io.Copy(io.Discard, resp.Body)
				if err != nil || resp.StatusCode != http.StatusOK {
					b.Fatal(err, resp.Status)
				}
				_ = resp.Body.Close()
				b.SetBytes(n)
				objects += min(100, s.Ledger().Count(name))
			}
			b.ReportMetric(float64(objects)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		newTestServer(b, Config{Charges: 100_000})
	}
}
