package doctor_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stripelake/stripelake/internal/doctor"
	"github.com/stripelake/stripelake/internal/pipeline/laketest"
	"github.com/stripelake/stripelake/internal/stripesim"
	"github.com/stripelake/stripelake/load"
)

const doctorKey = "rk_test_doctor" + laketest.NeverShown + "this"

func TestDoctorAsksStripe(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		config stripesim.Config
		key    string
		label  string
		want   []string
	}{
		"all is well":  {key: doctorKey},
		"a secret key": {key: laketest.Key, want: []string{"warning key: make a restricted key"}},
		"forbidden": {
			config: stripesim.Config{Forbid: []string{"refunds", "events", "account"}}, key: doctorKey,
			want: []string{
				"problem account: (rak_accounts_kyc_basic_read) in the Dashboard, or name the account once with --account-label NAME",
				"problem refunds: 403 this key may not read refunds; give the key the Refunds: Read permission (rak_refund_read)",
				"problem events: changes to what is in the lake are missed; give the key the Events: Read permission (rak_event_read) in the Dashboard",
			},
		},
		"a label instead": {config: stripesim.Config{Forbid: []string{"account"}}, key: doctorKey, label: "shop"},
		"revoked":         {config: stripesim.Config{Keys: []string{laketest.Key}}, key: doctorKey, want: []string{"problem key: 401 this key is not accepted"}},
		"another mode":    {key: "rk_live_shouldnevershowthis", want: []string{"problem key: 401 this key is not accepted"}},
		"clock behind": {
			config: stripesim.Config{Now: time.Date(2050, 6, 1, 0, 0, 0, 0, time.UTC)}, key: doctorKey,
			want: []string{"warning clock: behind Stripe's"},
		},
		"clock ahead": {
			config: stripesim.Config{Now: time.Date(2025, 6, 1, 0, 0, 0, 0, time.UTC)}, key: doctorKey,
			want: []string{"warning clock: days ahead of Stripe's"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tc.config.Charges = 20
			server, err := stripesim.New(tc.config)
			if err != nil {
				t.Fatal(err)
			}
			found := laketest.Diagnose(t, doctor.Doctor{Key: doctor.Key{Client: laketest.NewClient(t, tc.key, laketest.Serve(t, server)), Label: tc.label}, Dir: filepath.Join(t.TempDir(), "none")})
			laketest.CheckFindings(t, found, tc.want...)
		})
	}
}

func TestDoctorWithoutAClient(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "none")
	laketest.CheckFindings(t, laketest.Diagnose(t, doctor.Doctor{Dir: dir}))
	laketest.CheckFindings(t, laketest.Diagnose(t, doctor.Doctor{Dir: dir, Key: doctor.Key{NoClient: errors.New("this is not a Stripe API key")}}), "problem key: not a Stripe API key")
	laketest.CheckFindings(t, laketest.Diagnose(t, doctor.Doctor{Dir: dir, Key: doctor.Key{Client: laketest.NewClient(t, doctorKey, "http://127.0.0.1:1")}}), "problem key: no answer from 127.0.0.1:1")
	if _, err := os.Stat(dir); err == nil {
		t.Error("the doctor made a lake")
	}
}

// Each kind of damage is found, in a copy of a sound lake.
func TestDoctorLooksAtTheLake(t *testing.T) {
	t.Parallel()
	server, err := stripesim.New(stripesim.Config{Charges: 100})
	if err != nil {
		t.Fatal(err)
	}
	api, sound := laketest.Serve(t, server), filepath.Join(t.TempDir(), "lake")
	laketest.Synced(t, sound, api)
	for name, tc := range map[string]struct {
		damage func(dir string) error
		key    string
		want   []string
	}{
		"sound":   {},
		"mode":    {key: "rk_live_shouldnevershowthis", want: []string{"problem key: 401", "problem lake: use a key of test mode"}},
		"newer":   {damage: laketest.WriteFile("lake.json", `{"format":99,"mode":"test"}`), want: []string{"problem lake: update stripelake"}},
		"no JSON": {damage: laketest.WriteFile("lake.json", `{`), want: []string{"problem lake: run stripelake sync, which makes it again from raw/; or restore it from a backup"}},
		"other":   {damage: laketest.WriteFile("lake.json", `{"format":1,"mode":"test","accounts":[{"id":"acct_other"}]}`), want: []string{"warning lake's account: acct_other"}},
		"open":    {damage: func(dir string) error { return os.Chmod(dir, 0o755) }, want: []string{"warning folder: chmod o="}},
		"missing": {damage: laketest.RenameFile("raw/*/charges/00000001-00000001.parquet", "00000002-00000002.parquet"), want: []string{"problem raw log: segment 1 is missing"}},
		"behind":  {damage: laketest.RemoveFiles("raw/*/charges/00000001-*"), want: []string{"problem state: the tables hold segment "}},
		"torn":    {damage: laketest.TruncateFile("raw/*/charges/00000001-*"), want: []string{"problem raw log: .parquet is damaged"}},
		"a link": {damage: func(dir string) error {
			paths, err := filepath.Glob(filepath.Join(dir, "raw/*/charges/00000001-*"))
			if err != nil {
				return err
			}
			return errors.Join(os.Remove(paths[0]), os.Symlink("/nowhere/segment.parquet", paths[0]))
		}, want: []string{"problem raw log: is a link; put the file itself in its place"}},
		"foreign": {damage: laketest.WriteFile("raw/acct_x/charges/mine.parquet", ""), want: []string{"problem raw log: move it out of the log"}},
		"cursor":  {damage: laketest.WriteFile("raw/acct_x/charges/cursor.json", `{"after_segment":0,"cursor":"damaged"}`), want: []string{"problem cursor: the cursor is damaged"}},
		"lost":    {damage: laketest.RemoveFiles("raw/*/charges"), want: []string{"problem state: the tables hold segment "}},
		"failed": {damage: laketest.WriteFile(".state/status.json", `{"last_run":{"command":"sync","outcome":"failed","detail":"no\nroom"}}`), want: []string{
			"warning state: balance_transactions: the log ends with segment 1, and the tables hold 0", "warning state: /charges:", "warning state: /customers:",
			"warning state: /prices:", "warning state: /refunds:", "warning state: /subscriptions:", "warning last run: sync, failed: no room",
		}},
		"state":      {damage: laketest.RemoveFiles(".state/status.json"), want: []string{"warning state: run stripelake sync"}},
		"unlinked":   {damage: laketest.RemoveFiles("current"), want: []string{"problem generation: publishes it anew"}},
		"generation": {damage: laketest.RemoveFiles("current/warehouse.duckdb"), want: []string{"problem generation: publishes it anew"}},
		"erasure":    {damage: laketest.WriteFile("forget.json", `{}`), want: []string{"warning forget: finishes it first"}},
		"key":        {damage: laketest.WriteFile("pii.key", "0"), want: []string{"problem beside the log: pii.key: it is not as it was written; restore it"}},
		"forgotten":  {damage: laketest.WriteFile("forgotten.json", "{"), want: []string{"problem beside the log: forgotten.json"}},
		"schemas":    {damage: laketest.FlipBitAt("current/schemas.json", 1000), want: []string{"problem generation: current/schemas.json is damaged"}},
		"last byte":  {damage: laketest.FlipBitAt("current/charges/*/*/*.parquet", -1), want: []string{"problem generation: is damaged, and"}},
		"zero":       {damage: laketest.Duplicate("raw/*/charges/00000001-00000001.parquet", "00000000-00000001.parquet"), want: []string{"problem raw log: is not a segment: they are numbered from 1 upwards"}},
		"leftover":   {damage: laketest.WriteFile("raw/half.tmp", ""), want: []string{"warning leftovers: raw/half.tmp is half written"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := laketest.Copied(t, sound)
			if err := os.Chmod(dir, 0o700); err != nil {
				t.Fatal(err)
			}
			if tc.damage != nil {
				if err := tc.damage(dir); err != nil {
					t.Fatal(err)
				}
			}
			key := doctorKey
			if tc.key != "" {
				key = tc.key
			}
			laketest.CheckFindings(t, laketest.Diagnose(t, doctor.Doctor{Key: doctor.Key{Client: laketest.NewClient(t, key, api)}, Dir: dir}), tc.want...)
		})
	}
}

// While another process has the lake, the doctor looks on.
func TestDoctorTakesNoLock(t *testing.T) {
	t.Parallel()
	lake, err := load.Open(filepath.Join(t.TempDir(), "lake"), load.Options{Mode: "test"})
	if err != nil {
		t.Fatal(err)
	}
	log, err := lake.OpenLog(t.Context(), "acct_1")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = log.Close() })
	laketest.CheckFindings(t, laketest.Diagnose(t, doctor.Doctor{Dir: lake.Dir()}))
}
