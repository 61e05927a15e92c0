package audiencefile

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/stripelake/stripelake/load/query"
	"github.com/stripelake/stripelake/schemas"
)

// externalAudience is the namespace in which Experience Platform knows segments
// of this program: one that its users make, as "non-people identifier".
const externalAudience = "stripelake"

// hashedNamespaces are Adobe's standard namespaces for SHA-256 of what a field's
// own namespace holds, trimmed and in lower case.
var hashedNamespaces = map[string]string{"Email": "Email_LC_SHA256"}

// identity is an item of an identity map.
type identity struct {
	ID      string `json:"id"`
	Primary bool   `json:"primary,omitempty"`
}

// membership is that of a profile in a segment.
type membership struct {
	Status string    `json:"status"`
	Time   time.Time `json:"lastQualificationTime,omitzero"`
}

// object is written with sorted keys, as encoding/json does.
type object map[string]any

// XDM is what records of the Experience Data Model need besides the rows.
type XDM struct {
	Set     *schemas.Set // that declares the segment, and the identity namespace of customers' ids
	Segment *schemas.Segment
	Tenant  string // the organization's tenant id, with its underscore: "_acme"
}

// profileWriter makes records of the class XDM Individual Profile, in the names of
// Experience Platform's compatibility mode: without prefixes, _id for @id.
// Sources: adobe/xdm, classes/profile, fieldgroups/shared/identitymap,
// fieldgroups/profile/profile-segmentation and datatypes/segmentmembership.
//
// The rows of a customer make one record: a profile is a person, and a second
// record of the same primary identity would replace the first.
type profileWriter struct {
	XDM
	*query.Members
	out      *json.Encoder
	personal []*schemas.Personal // by column; nil for one that is not personal

	customer   [2]string // account and id of the record that is under way
	record     object    // nil before the first
	identities map[string][]identity
	own        object // what stands under the tenant
}

// WriteXDM writes a record a line, as JSON: a profile of each customer.
func WriteXDM(ctx context.Context, w io.Writer, m *query.Members, xdm XDM) error {
	out := bufio.NewWriter(w)
	p := &profileWriter{Members: m, XDM: xdm, out: json.NewEncoder(out), personal: make([]*schemas.Personal, len(m.Columns))}
	p.out.SetEscapeHTML(false)
	for i, c := range m.Columns {
		if at := slices.IndexFunc(xdm.Segment.Personal, func(d schemas.Personal) bool { return d.Name == c.Name }); at >= 0 {
			p.personal[i] = &xdm.Segment.Personal[at]
		}
	}
	err := eachRow(ctx, m, p.add)
	if err == nil {
		err = p.end()
	}
	return cmp.Or(err, out.Flush()) // which repeats err if that is w's
}

// add takes a row. Those of one customer follow each other.
func (p *profileWriter) add(row []json.RawMessage) error {
	var customer [2]string
	for i := range customer {
		if err := json.Unmarshal(row[i], &customer[i]); err != nil {
			return err
		}
	}
	if p.record == nil || customer != p.customer {
		if err := p.end(); err != nil {
			return err
		}
		p.begin(customer)
	}
	values := object{}
	for i := len(customer); i < len(row); i++ {
		var err error
		switch declared := p.personal[i]; {
		case isNull(row[i]): // Experience Platform refuses nulls: the key is left out
		case declared != nil:
			err = p.addPersonal(declared, row[i])
		default:
			values[p.Columns[i].Name] = row[i]
		}
		if err != nil {
			return err
		}
	}
	name := strings.ReplaceAll(p.Segment.Name, "-", "_") // XDM has no hyphens in names
	list, _ := p.own[name].([]object)
	p.own[name] = append(list, values)
	return nil
}

// begin begins a record. Its _id is a hash, as Adobe advises, for it must be a
// reference without colons; it tells records apart and names nobody.
func (p *profileWriter) begin(customer [2]string) {
	account, id := customer[0], customer[1]
	sum := sha256.Sum256([]byte(p.Segment.Name + "/" + account + "/" + id))
	p.customer = customer
	p.identities = map[string][]identity{p.customerNamespace(): {{ID: id, Primary: true}}}
	p.own = object{"account": account, "customer_id": id}
	p.record = object{
		"_id":         hex.EncodeToString(sum[:]),
		"identityMap": p.identities,
		"segmentMembership": object{externalAudience: object{
			p.Segment.Name: membership{Status: "realized", Time: p.AsOf[account]},
		}},
		p.Tenant: object{"stripelake": p.own},
	}
}

// addPersonal puts a personal value where XDM has a place for it: a hash among
// the identities, what is given as it is at the standard path that its schema
// names. What has no such place, and a hash with the lake's own key, stands
// beside the rest.
func (p *profileWriter) addPersonal(declared *schemas.Personal, value json.RawMessage) error {
	namespace := hashedNamespaces[declared.Field.Identity]
	switch {
	case declared.SHA256 && namespace != "":
		var id string
		err := json.Unmarshal(value, &id)
		p.identities[namespace] = []identity{{ID: id}}
		return err
	case declared.SHA256 || len(declared.Field.XDM) != 1 || p.Hashed[declared.Name]:
		p.own[declared.Name] = value
		return nil
	}
	at, path := p.record, strings.Split(declared.Field.XDM[0], ".")
	for _, name := range path[:len(path)-1] {
		inner, ok := at[name].(object)
		if !ok {
			inner = object{}
			at[name] = inner
		}
		at = inner
	}
	at[path[len(path)-1]] = value
	return nil
}

// customerNamespace is the identity namespace of customers' ids.
func (x XDM) customerNamespace() string {
	if customers := x.Set.Table(schemas.SegmentTable); customers != nil {
		if id := schemas.FieldAt(customers.Fields, "id"); id != nil && id.Identity != "" {
			return id.Identity
		}
	}
	return "StripeCustomer"
}

// end writes the record that is complete.
func (p *profileWriter) end() error {
	if p.record == nil {
		return nil
	}
	return p.out.Encode(p.record)
}
