package pipeline

import (
	"slices"
	"testing"
)

// Every stream is one that an erasure follows, or one whose objects are nobody's. A
// new one that nobody has decided on would keep what `forget` says is erased.
func TestEveryStreamIsClassified(t *testing.T) {
	t.Parallel()
	for _, s := range streams() {
		followed, nobodys := slices.Contains(personal, s.Name), slices.Contains(impersonal, s.Name)
		if followed == nobodys {
			t.Errorf("%s: followed by forget %t, of nobody %t: decide on one, and say in belongsTo and brings whose it is", s.Name, followed, nobodys)
		}
		var all subject
		if followed && s.Name != "customers" && len(all.belongsTo(s.Name)) == 0 && s.Name != "events" {
			t.Errorf("%s: belongsTo does not say whose it is", s.Name)
		}
	}
}
