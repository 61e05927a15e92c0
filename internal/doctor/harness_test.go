package doctor_test

import (
	"testing"

	"github.com/stripelake/stripelake/extract"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
)

const doctorKey = "rk_test_doctor" + laketest.NeverShown + "this"

func client(t *testing.T, key, api string) *extract.Client {
	t.Helper()
	c, err := extract.New(extract.Config{Key: key, BaseURL: api, MaxRPS: 100_000})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sync copies an account into a lake.
func sync(t *testing.T, dir, api string) {
	t.Helper()
	if err := laketest.Run(laketest.NewSync(dir, api, nil)); err != nil {
		t.Fatal(err)
	}
}
