package transform

import "github.com/stripelake/stripelake/schemas"

// class is the static type of an expression.
type class uint8

const (
	classBroken      class = iota // a mistake in it has been reported: report no further ones
	classNil                      // nil, which fits every type
	classText                     // a string
	classBoolean                  //
	classInteger                  // 64 bits
	classUnixTime                 // an integer of Unix seconds
	classNumber                   // a double
	classDecimalText              // a decimal that Stripe sends as a string
	classDecimal                  // DECIMAL(38,12)
	classMoney                    // DECIMAL(18,3) and its minor units
	classDateTime                 // µs since 1970, UTC
	classDate                     // days since 1970
	classJSON                     // JSON as sent
	classObject                   // this and the following can only be read from
	classList                     //
	classMap                      //
	classReference                // an id or an expanded object
	classUnknown                  // the catalog has no entry
)

var classNames = [...]string{
	"", "nil", "string", "boolean", "long", "a Unix time", "number", "a decimal string",
	"decimal", "money", "date-time", "date", "json", "an object", "a list", "a map", "an id or an expanded object", "a value of unknown type",
}

func (c class) String() string { return classNames[c] }

// computable reports whether an expression of the class has one value to
// compute with.
func (c class) computable() bool { return c < classObject }

// classOf returns the class of a source field; nil is a field without an entry
// in the catalog.
func classOf(f *schemas.SourceField) class {
	switch {
	case f == nil:
		return classUnknown
	case f.Expandable:
		return classReference
	}
	switch f.Type {
	case schemas.SourceString:
		return classText
	case schemas.SourceBoolean:
		return classBoolean
	case schemas.SourceInteger:
		return classInteger
	case schemas.SourceUnixTime:
		return classUnixTime
	case schemas.SourceNumber:
		return classNumber
	case schemas.SourceDecimal:
		return classDecimalText
	case schemas.SourceObject:
		return classObject
	case schemas.SourceList:
		return classList
	case schemas.SourceMap:
		return classMap
	}
	return classUnknown
}

// unify returns the class of an expression that is either a or b. It returns
// false where the two do not go together.
func unify(a, b class) (class, bool) {
	switch {
	case a == b || b == classNil:
		return a, true
	case a == classNil:
		return b, true
	case a == classBroken || b == classBroken:
		return classBroken, true
	case a == classInteger && b == classUnixTime || a == classUnixTime && b == classInteger:
		return classInteger, true
	case a == classText && b == classDecimalText || a == classDecimalText && b == classText:
		return classText, true
	}
	return classBroken, false
}

// targetClass returns the class that a target's type takes without a
// conversion.
func targetClass(k schemas.Kind) class {
	switch k {
	case schemas.String:
		return classText
	case schemas.Boolean:
		return classBoolean
	case schemas.Short, schemas.Integer, schemas.Long:
		return classInteger
	case schemas.Number:
		return classNumber
	case schemas.Decimal:
		return classDecimal
	case schemas.Money:
		return classMoney
	case schemas.Date:
		return classDate
	case schemas.DateTime:
		return classDateTime
	case schemas.JSON:
		return classJSON
	case schemas.List:
		return classList
	case schemas.Map:
		return classMap
	}
	return classObject
}
