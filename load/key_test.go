package load

import "testing"

// Invariant 3: of two objects that give a row one key, one has the row and the other a
// reject, whatever becomes of them: no row is lost, and none is there twice.
func TestKeyOfTwoObjects(t *testing.T) {
	t.Parallel()
	k := newLake(t)
	k.sync(charge("ch_1", "paid", "it_1", "it_2"), charge("ch_2", "paid", "it_1", "it_3"))
	const taken = " items key taken a row of "
	for _, step := range []struct {
		then    []version
		items   []string
		rejects []string
	}{
		{nil, []string{"ch_1 it_1", "ch_1 it_2", "ch_2 it_3"}, []string{"ch_2 2" + taken + "ch_1 has this key, which was created at the same time and has the smaller id"}},
		{
			[]version{tombstone("ch_1")}, // whose row gives way to one that is not deleted
			[]string{"ch_1 it_2 deleted", "ch_2 it_1", "ch_2 it_3"},
			[]string{"ch_1 3" + taken + "ch_2 has this key, which is not deleted"},
		},
		{[]version{charge("ch_2", "paid", "it_3")}, []string{"ch_1 it_1 deleted", "ch_1 it_2 deleted", "ch_2 it_3"}, nil},
	} {
		if step.then != nil {
			k.sync(step.then...)
		}
		expect(t, "items", k.rows(itemRows), step.items...)
		expect(t, "rejects", k.rows(rejectRows), step.rejects...)
		publishAndCheck(k)
	}
}
