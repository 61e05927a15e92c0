package transform

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
)

// Keyed returns the mappings with a key for the hashes of the privacy policy.
// Without a key every hashed field is null.
func (p *Mappings) Keyed(key []byte) *Mappings {
	keyed := *p
	keyed.key = key
	return &keyed
}

// Hashes reports whether the privacy policy hashes a field of any table, so
// that the mappings need a key.
func (p *Mappings) Hashes() bool {
	for _, program := range p.programs {
		for _, table := range program.tables {
			if table.Hashes() {
				return true
			}
		}
	}
	return false
}

// KeepsPersonalData reports whether the set's privacy policy keeps all personal
// data in the tables.
func (p *Mappings) KeepsPersonalData() bool { return p.keepsPersonal }

// keyed makes a Mapper hash with a key.
func (m *Mapper) keyed(key []byte) *Mapper {
	if key != nil {
		m.mac = hmac.New(sha256.New, key)
	}
	return m
}

// hashed returns the lower-case hexadecimal HMAC-SHA256 of a text. Equal texts
// have equal hashes, and nobody without the key can guess a text by trying.
// Null stays null. The field's constraint is checked before, on the value that
// was sent.
func (c *evaluation) hashed(v value) value {
	if v.state != stateSet || c.mac == nil {
		return value{}
	}
	c.mac.Reset()
	_, _ = c.mac.Write(v.text) // never fails
	start := len(c.scratch)
	c.sum = c.mac.Sum(c.sum[:0])
	c.scratch = hex.AppendEncode(c.scratch, c.sum)
	return textValue(c.scratch[start:len(c.scratch):len(c.scratch)])
}
