package stripesim

// An id is computed from the number of its record, and back, so that two
// million charges need no table of strings. The last eight characters are the
// number, enciphered; the characters before them look as Stripe's do: the time
// of creation and a part of the account's id. Within one second the ids are in
// no order, as at Stripe.

// idKind separates the numbers of different kinds of records.
type idKind uint64

const (
	idCustomer idKind = iota + 1
	idPrice
	idProduct
	idSubscription
	idItem
	idCharge
	idIntent
	idInvoice
	idFirstInvoice
	idPaymentMethod
	idRefund
	idTxn
	idDispute
	idPayout
	idRequest
	idEvent
	idBank
	idCoupon
	idPromotion
	idLine
	idTrialLine
	idInvoicePayment
	idAbandoned
	idBasketLine
	idAbandonedLine
	idSession
	idOpenSession
	idSessionLine
	idOpenSessionLine
	idSetup
	idCustomerSetup
	idTransfer
	idReversal
	idApplicationFee
	idFeeRefund
	idCreditNote
	idCreditLine
)

const (
	base62    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	codeLen   = 8  // 62^8 > 2^46
	halfBits  = 23 // the cipher works on two halves of 23 bits
	halfMask  = 1<<halfBits - 1
	idRounds  = 4
	idTimeLen = 6
)

// identity makes and reads the ids of one account.
type identity struct {
	key     uint64
	account string // "acct_1…"
	tail    string // its part that is in other ids too
}

func newIdentity(seed int64) identity {
	r := streamIDs.rand(seed)
	letters := make([]byte, 16)
	for i := range letters {
		letters[i] = base62[r.IntN(len(base62))]
	}
	return identity{key: r.Uint64(), account: "acct_1" + string(letters[:7]) + string(letters[7:]), tail: string(letters[7:])}
}

// appendLong appends an id such as ch_3MmlLrLkdIwHu7ix0snN0B15; prefix includes
// the leading digit.
func (d identity) appendLong(b []byte, prefix string, kind idKind, created int64, n int) []byte {
	b = append(b, prefix...)
	b = appendBase62(b, uint64(created), idTimeLen)
	b = append(b, d.tail...)
	return appendBase62(b, d.encipher(kind, uint64(n)), codeLen)
}

// appendShort appends an id such as cus_NffrFeUfNV2Hib.
func (d identity) appendShort(b []byte, prefix string, kind idKind, created int64, n int) []byte {
	b = append(b, prefix...)
	b = appendBase62(b, uint64(created), idTimeLen)
	return appendBase62(b, d.encipher(kind, uint64(n)), codeLen)
}

// number decodes the record number of an id. It does not check the rest of the
// id: the caller renders the record's id and compares.
func (d identity) number(kind idKind, id string) (int, bool) {
	if len(id) < codeLen {
		return 0, false
	}
	code, ok := parseBase62(id[len(id)-codeLen:])
	if !ok || code >= 1<<(2*halfBits) {
		return 0, false
	}
	return int(d.decipher(kind, code)), true
}

// encipher is a Feistel network: a bijection on 46 bits for each kind.
func (d identity) encipher(kind idKind, n uint64) uint64 {
	l, r := n>>halfBits&halfMask, n&halfMask
	for i := range uint64(idRounds) {
		l, r = r, l^d.round(kind, i, r)
	}
	return l<<halfBits | r
}

func (d identity) decipher(kind idKind, code uint64) uint64 {
	l, r := code>>halfBits&halfMask, code&halfMask
	for i := uint64(idRounds); i > 0; i-- {
		l, r = r^d.round(kind, i-1, l), l
	}
	return l<<halfBits | r
}

func (d identity) round(kind idKind, i, half uint64) uint64 {
	return mix(d.key^uint64(kind)<<32^i<<48^half) & halfMask
}

func appendBase62(b []byte, n uint64, width int) []byte {
	at := len(b)
	for range width {
		b = append(b, '0')
	}
	for i := width - 1; i >= 0; i-- {
		b[at+i] = base62[n%62]
		n /= 62
	}
	return b
}

func parseBase62(s string) (uint64, bool) {
	var n uint64
	for i := range len(s) {
		digit := base62Value(s[i])
		if digit < 0 {
			return 0, false
		}
		n = n*62 + uint64(digit)
	}
	return n, true
}

func base62Value(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'A' && c <= 'Z':
		return int(c-'A') + 10
	case c >= 'a' && c <= 'z':
		return int(c-'a') + 36
	}
	return -1
}
