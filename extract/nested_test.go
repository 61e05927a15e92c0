package extract

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIncompleteLists(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		`{"id":"ch_1"}`: nil,
		`{"items":{"object":"list","data":[],"has_more":false}}`:                                  nil,
		`{"items":{"object":"list","data":[{}],"has_more":true}}`:                                 {"/items"},
		`{"items":{"has_more" : true,"data":[{}],"object":"list"}}`:                               {"/items"},
		`{"items":{"object":"basket","has_more":true}}`:                                           nil,
		`{"items":{"has_more":true}}`:                                                             nil,
		`{"object":"list","has_more":true,"data":[]}`:                                             nil, // the object itself is not nested
		`{"note":"\"has_more\":true","a":{"object":"list","has_more":false}}`:                     nil,
		`{"a":{"object":"list","has_more":false,"has_more":true}}`:                                {"/a"},
		`{"a":[{"b/c":{"object":"list","has_more":true}}],"z":{"object":"list","has_more":true}}`: {"/a/0/b~1c", "/z"},
		`{"s":{"object":"list","has_more":true,"data":[{"items":{"object":"list","has_more":true}},{"items":{"object":"list","has_more":true}}]}}`: {
			"/s", "/s/data/0/items", "/s/data/1/items",
		},
		`{"a":{"object":"list","has_more":true},`: {"/a"},
		`not "has_more":true`:                     nil,
	} {
		if diff := cmp.Diff(want, IncompleteLists([]byte(raw))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", raw, diff)
		}
	}
}
