package main

import (
	"runtime/debug"
	"testing"
)

// TestBuildOf holds what the first line of `stripelake version` says of the ways to
// build the program.
func TestBuildOf(t *testing.T) {
	t.Parallel()
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.time", Value: "2026-01-02T03:04:05Z"}, {Key: "vcs.modified", Value: "true"}}
	for name, tc := range map[string]struct {
		info   debug.BuildInfo
		linked [3]string
		want   string
	}{
		"a test":                    {want: "stripelake devel"},
		"go build outside of git":   {info: debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, want: "stripelake devel"},
		"go install of a version":   {info: debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}}, want: "stripelake v1.2.3"},
		"go build in a clone":       {info: debug.BuildInfo{Main: debug.Module{Version: "v1.2.3+dirty"}, Settings: vcs}, want: "stripelake v1.2.3+dirty (commit abc, 2026-01-02T03:04:05Z, modified)"},
		"make build":                {info: debug.BuildInfo{}, linked: [3]string{"v1.2.3", "def", "2027-01-02"}, want: "stripelake v1.2.3 (commit def, 2027-01-02)"},
		"make build with edits":     {linked: [3]string{"v1.2.3-dirty", "def-dirty", "2027-01-02"}, want: "stripelake v1.2.3-dirty (commit def, 2027-01-02, modified)"},
		"make build without a tag":  {info: debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-2026"}}, linked: [3]string{"", "def", "2027"}, want: "stripelake v0.0.0-2026 (commit def, 2027)"},
		"make build, GOFLAGS as ci": {info: debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, linked: [3]string{"", "def", "2027"}, want: "stripelake devel (commit def, 2027)"},
	} {
		if got := buildOf(&tc.info, tc.linked[0], tc.linked[1], tc.linked[2]).String(); got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}
