package mls

import (
	"fmt"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A PSKType says where a pre-shared key comes from (RFC 9420, section 8.4).
type PSKType uint8

// The types of RFC 9420.
const (
	PSKExternal   PSKType = 1
	PSKResumption PSKType = 2
)

// A ResumptionUsage says what a resumption secret is used for.
type ResumptionUsage uint8

// The usages of RFC 9420.
const (
	UsageApplication ResumptionUsage = 1
	UsageReInit      ResumptionUsage = 2
	UsageBranch      ResumptionUsage = 3
)

// A PSKID is PreSharedKeyID of RFC 9420, section 8.4. In [CommitOptions] the nonce
// may be nil: a fresh one is drawn.
//
//	PSKType psktype;
//	select (psktype) {
//	    case external:   opaque psk_id<V>;
//	    case resumption: ResumptionPSKUsage usage; opaque psk_group_id<V>; uint64 psk_epoch;
//	};
//	opaque psk_nonce<V>;
type PSKID struct {
	Type    PSKType
	ID      []byte          // external
	Usage   ResumptionUsage // resumption
	GroupID []byte          // resumption
	Epoch   uint64          // resumption
	Nonce   []byte
}

// ExternalPSK names a pre-shared key of the application.
func ExternalPSK(id []byte) PSKID { return PSKID{Type: PSKExternal, ID: id} }

// ResumptionPSK names the resumption secret of an epoch of a group, for use in
// any later commit.
func ResumptionPSK(groupID []byte, epoch uint64) PSKID {
	return PSKID{Type: PSKResumption, Usage: UsageApplication, GroupID: groupID, Epoch: epoch}
}

// Code codes the identifier.
func (p *PSKID) Code(c *syntax.Codec) {
	syntax.Enum8(c, &p.Type)
	switch p.Type {
	case PSKExternal:
		c.Opaque(&p.ID)
	case PSKResumption:
		syntax.Enum8(c, &p.Usage)
		if c.Err() == nil && (p.Usage < UsageApplication || p.Usage > UsageBranch) {
			c.Fail("a resumption usage of %d", p.Usage)
		}
		c.Opaque(&p.GroupID)
		c.Uint64(&p.Epoch)
	default:
		c.Fail("a pre-shared key of unknown type %d", p.Type)
	}
	c.Opaque(&p.Nonce)
}

// links reports whether the key ties a new group to an old one.
func (p *PSKID) links() bool { return p.Type == PSKResumption && p.Usage != UsageApplication }

// pskLabel is PSKLabel of RFC 9420, section 8.4.
//
//	PreSharedKeyID id;
//	uint16 index;
//	uint16 count;
type pskLabel struct {
	id           PSKID
	index, count uint16
}

func (l *pskLabel) Code(c *syntax.Codec) {
	l.id.Code(c)
	c.Uint16(&l.index)
	c.Uint16(&l.count)
}

// maxPSKs is the most pre-shared keys that PSKLabel can count.
const maxPSKs = 1<<16 - 1

// pskSecret folds pre-shared keys into psk_secret, in order; find looks each up.
// The caller owns the result.
func (a *algorithms) pskSecret(ids []PSKID, find func(*PSKID) (*secret.Bytes, error)) ([]byte, error) {
	if len(ids) > maxPSKs {
		return nil, fmt.Errorf("%w: %d pre-shared keys", ErrLimit, len(ids))
	}
	out := a.zeros()
	for i := range ids {
		psk, err := find(&ids[i])
		if err != nil {
			secret.Wipe(out)
			return nil, err
		}
		extracted := a.extract(a.zeros(), psk.Reveal())
		label := pskLabel{ids[i], uint16(i), uint16(len(ids))} //nolint:gosec // G115: at most maxPSKs
		input := a.expand(extracted, "derived psk", encode(&label), a.nh)
		next := a.extract(input, out)
		secret.Wipe(extracted)
		secret.Wipe(input)
		secret.Wipe(out)
		out = next
	}
	return out, nil
}
