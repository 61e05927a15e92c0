package transform

import "github.com/stripelake/stripelake/schemas"

// class is the static type of an expression.
type class uint8

const (
	broken      class = iota // a mistake in it has been reported; quiet from here on
	nothing                  // nil, which fits everywhere
	text                     // a string
	boolean                  //
	integer                  // 64 bits
	unixTime                 // an integer that Stripe means as Unix seconds
	number                   // a double
	decimalText              // a decimal that Stripe sends as a string
	exact                    // DECIMAL(38,12)
	amount                   // DECIMAL(18,3) and its minor units
	moment                   // µs since 1970, UTC
	day                      // days since 1970
	source                   // JSON as sent
	object                   // what cannot be computed with, only read from:
	list                     //
	mapOf                    //
	reference                // an id or an expanded object
	anything                 // the catalog does not know
)

var classNames = [...]string{
	"", "nil", "string", "boolean", "long", "a Unix time", "number", "a decimal string",
	"decimal", "money", "date-time", "date", "json", "an object", "a list", "a map", "an id or an expanded object", "a value of unknown type",
}

func (c class) String() string { return classNames[c] }

// computable holds for the classes that have one value to work with.
func (c class) computable() bool { return c < object }

// classOf is the class of a source field; nil is what the catalog does not know.
func classOf(f *schemas.SourceField) class {
	switch {
	case f == nil:
		return anything
	case f.Expandable:
		return reference
	}
	switch f.Type {
	case schemas.SourceString:
		return text
	case schemas.SourceBoolean:
		return boolean
	case schemas.SourceInteger:
		return integer
	case schemas.SourceUnixTime:
		return unixTime
	case schemas.SourceNumber:
		return number
	case schemas.SourceDecimal:
		return decimalText
	case schemas.SourceObject:
		return object
	case schemas.SourceList:
		return list
	case schemas.SourceMap:
		return mapOf
	}
	return anything
}

// unify is the class of an expression that is either a or b.
func unify(a, b class) (class, bool) {
	switch {
	case a == b || b == nothing:
		return a, true
	case a == nothing:
		return b, true
	case a == broken || b == broken:
		return broken, true
	case a == integer && b == unixTime || a == unixTime && b == integer:
		return integer, true
	case a == text && b == decimalText || a == decimalText && b == text:
		return text, true
	}
	return broken, false
}

// targetClass is the class that a target's type takes as it is.
func targetClass(k schemas.Kind) class {
	switch k {
	case schemas.String:
		return text
	case schemas.Boolean:
		return boolean
	case schemas.Short, schemas.Integer, schemas.Long:
		return integer
	case schemas.Number:
		return number
	case schemas.Decimal:
		return exact
	case schemas.Money:
		return amount
	case schemas.Date:
		return day
	case schemas.DateTime:
		return moment
	case schemas.JSON:
		return source
	case schemas.List:
		return list
	case schemas.Map:
		return mapOf
	}
	return object
}
