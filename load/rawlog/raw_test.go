package rawlog

import (
	"strings"
	"testing"
)

// States hold the hashes of what they applied, so a hash never changes. It does not see
// how deep an object was indented, and tells its parts apart.
func TestHashStays(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		raw  Raw
		want uint64
	}{
		{Raw{}, 0xc44bdff4074eecdb},
		{Raw{Object: []byte(`{"id":"ch_1"}`)}, 0xb9b08ef45be33432},
		{Raw{Object: []byte(`{"id":"ch_1"}`), Deleted: true}, 0x4b49ce2435d94c28},
		{Raw{Object: []byte(`{"id":"ch_1"}`), LeftOut: 5 << 20}, 0xb90887d331b63890},
		{Raw{Object: []byte(`{"id":"ch_1"}`), LeftOut: 5 << 20, Deleted: true}, 0xbf63afc04f7a7f41},
		{Raw{Object: []byte(`{"id":`), More: []byte(`"ch_1"}`)}, 0xaa9d37809b70d0bf},
		{Raw{Object: []byte("{\n  \"id\": \"ch_1\",\n\t\"a\":[\n\n ] \n}\n ")}, 0xb673aa4cb4d91a7a},
		{Raw{Object: []byte("{\n        \"id\": \"ch_1\",\n  \"a\":[\n\n          ] \n }\n")}, 0xb673aa4cb4d91a7a},
		{Raw{Object: []byte("\n\n" + strings.Repeat("{\n  \"a\": 1 }", 1000)), More: []byte("{\n \"b\":\n  2}")}, 0x180cbb8c92279caf},
	} {
		if got := tc.raw.Hash(); got != tc.want {
			t.Errorf("%.60q: %#x, want %#x", tc.raw.Object, got, tc.want)
		}
	}
}
