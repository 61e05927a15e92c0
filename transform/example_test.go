package transform_test

import (
	"fmt"

	"github.com/stripelake/stripelake/schemas"
	"github.com/stripelake/stripelake/transform"
)

func ExampleMapper_Map() {
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		fmt.Println(err)
		return
	}
	mappings, err := transform.Compile(set)
	if err != nil {
		fmt.Println(err)
		return
	}
	refunds := mappings.Mapper("refund")
	for _, batch := range refunds.Map([]transform.Object{
		{ID: "re_1", Account: "acct_1", Seq: 1, Raw: []byte(`{"id":"re_1","created":1722000000,"amount":2599,"currency":"eur"}`)},
		{ID: "re_2", Account: "acct_1", Seq: 2, Raw: []byte(`{"id":"re_2","created":1722000000,"amount":"25.99","currency":"eur"}`)},
	}) {
		amount := batch.Rows.Schema().FieldIndices("amount")[0]
		fmt.Println(batch.Schema.Table, batch.Rows.NumRows(), batch.Rows.Column(amount))
		for _, r := range batch.Rejects {
			fmt.Println(r.ID, r.Field, r.Rule, "-", r.Reason)
		}
		batch.Rows.Release()
	}
	// Output:
	// refunds 1 [25.99]
	// re_2 amount money - the amount is not an integer of minor units
}
