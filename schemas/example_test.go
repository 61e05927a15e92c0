package schemas_test

import (
	"fmt"

	"github.com/stripelake/stripelake/schemas"
)

func Example() {
	set, err := schemas.Load(schemas.Embedded())
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range set.Table("balance_transactions").Columns() {
		if c.Type.Kind == schemas.Money {
			fmt.Printf("%s: %s In %s.\n", c.Name, c.Field.Description, c.Field.Unit)
		}
	}
	// Output:
	// amount: Gross movement: positive for money in, negative for money out. In currency.
	// fee: Fees taken from the movement. Negative when fees come back, as with some refunds. In currency.
	// net: What the balance moved by: amount less fee. Payouts are movements too: what was earned, apart from them, is in net_monthly. In currency.
}
