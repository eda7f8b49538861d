package governance

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"strings"

	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// A link is all that a person needs to get in, in one line or QR code:
//
//	https://HOST:PORT/#BASE64URL
//
// Everything secret stands after the #, which browsers never send. BASE64URL has
// no padding and encodes
//
//	struct {
//	  uint8 version = 1;
//	  uint8 kind;                      // claim(1), invitation(2), device(3)
//	  opaque pin[32];                  // SHA-256 of the relay's TLS public key (SPKI)
//	  select (kind) {
//	    case claim:      opaque token[32];
//	    case invitation: opaque root[32]; opaque seed[32]; opaque category[16];
//	                     opaque directory[32]; opaque addresses<V><V>;   // at most 8
//	    case device:     opaque root[32]; opaque category[16]; opaque seed[32]; opaque addresses<V><V>;
//	  };
//	  opaque check[4];                 // of SHA-256("bulle 1 link", HOST:PORT, all before)
//	} Link;
//
// check finds damage from copying; it proves nothing.

// ClaimLink makes its holder the founder of a relay's bubble, once.
type ClaimLink struct {
	Address string // HOST:PORT
	Pin     [32]byte
	Token   *secret.Bytes // 32 bytes
}

// InvitationLink makes its holder a member.
type InvitationLink struct {
	Address   string // HOST:PORT
	Pin       [32]byte
	Root      RootID
	Seed      *secret.Bytes // of the invitation's key, for NewSigningKey
	Category  CategoryID
	Directory *secret.Bytes // the category's directory key
	Addresses []string      // further addresses of the same relay
}

// DeviceLink makes its holder ask to be a further device of a member. It does not
// make it one: the member compares a code on both devices first (package pairing).
type DeviceLink struct {
	Address   string // HOST:PORT
	Pin       [32]byte
	Root      RootID
	Category  CategoryID
	Seed      *secret.Bytes // see Ticket and Meeting
	Addresses []string      // further addresses of the same relay
}

// Ticket returns the key of the ticket: a device of the member with no card, by
// which the holder reaches the relay. The caller wipes it.
func (l *DeviceLink) Ticket() *DeviceKey {
	both := secret.DeriveSHA3(secret.LinkSeed, l.Seed, nil, nil, SeedSize+meetingSize)
	defer both.Wipe()
	return NewDeviceKey(secret.Copy(both.Reveal()[:SeedSize]))
}

// Meeting returns the 64 byte secret of the channel where the two devices meet. The
// caller wipes it.
func (l *DeviceLink) Meeting() *secret.Bytes {
	both := secret.DeriveSHA3(secret.LinkSeed, l.Seed, nil, nil, SeedSize+meetingSize)
	defer both.Wipe()
	return secret.Copy(both.Reveal()[SeedSize:])
}

const meetingSize = 64

const (
	linkPrefix   = "https://"
	maxLink      = 4096 // characters
	maxAddress   = 253 + 1 + 5
	maxAddresses = 8
	checkSize    = 4
)

// Sentinels of links. Every error about a link is ErrLink; its text is a
// sentence for the person who pasted it.
var (
	ErrLink        = errors.New("this is not a link of Bulle")
	ErrLinkKind    = errors.New("this is another kind of link")
	ErrLinkVersion = errors.New("this link was made by a newer version of Bulle: update this program")
)

// A LinkError says in one sentence what is wrong with a link. It never contains
// the link.
type LinkError struct {
	sentence string
	also     error
}

// Error returns the sentence.
func (e *LinkError) Error() string { return e.sentence }

// Is reports [ErrLink], and ErrLinkKind or ErrLinkVersion where they apply.
func (e *LinkError) Is(target error) bool { return target == ErrLink || target == e.also }

func badLink(sentence string) error { return &LinkError{sentence: sentence} }

// URL returns the link. It is secret.
func (l *ClaimLink) URL() (string, error) {
	return encodeLink(l.Address, &linkBody{kind: linkClaim, pin: l.Pin, token: l.Token.Reveal()})
}

// URL returns the link. It is secret.
func (l *InvitationLink) URL() (string, error) {
	return encodeLink(l.Address, &linkBody{
		kind: linkInvitation, pin: l.Pin, root: l.Root, seed: l.Seed.Reveal(), category: l.Category,
		directory: l.Directory.Reveal(), addresses: l.Addresses,
	})
}

// URL returns the link. It is secret.
func (l *DeviceLink) URL() (string, error) {
	return encodeLink(l.Address, &linkBody{
		kind: linkDevice, pin: l.Pin, root: l.Root, category: l.Category, seed: l.Seed.Reveal(), addresses: l.Addresses,
	})
}

// ParseClaimLink reads a claim link. Errors are a [*LinkError].
func ParseClaimLink(s string) (*ClaimLink, error) {
	address, b, err := decodeLink(s)
	if err != nil {
		return nil, err
	}
	if b.kind != linkClaim {
		return nil, otherKind(b.kind)
	}
	return &ClaimLink{Address: address, Pin: b.pin, Token: secret.New(b.token)}, nil
}

// ParseInvitationLink reads an invitation link. Errors are a [*LinkError].
func ParseInvitationLink(s string) (*InvitationLink, error) {
	address, b, err := decodeLink(s)
	if err != nil {
		return nil, err
	}
	if b.kind != linkInvitation {
		return nil, otherKind(b.kind)
	}
	return &InvitationLink{
		Address: address, Pin: b.pin, Root: b.root, Seed: secret.New(b.seed), Category: b.category,
		Directory: secret.New(b.directory), Addresses: b.addresses,
	}, nil
}

// ParseDeviceLink reads the link of a further device. Errors are a [*LinkError].
func ParseDeviceLink(s string) (*DeviceLink, error) {
	address, b, err := decodeLink(s)
	if err != nil {
		return nil, err
	}
	if b.kind != linkDevice {
		return nil, otherKind(b.kind)
	}
	return &DeviceLink{
		Address: address, Pin: b.pin, Root: b.root, Category: b.category, Seed: secret.New(b.seed), Addresses: b.addresses,
	}, nil
}

// otherKind says what a link is for that was used for something else.
func otherKind(kind uint8) error {
	switch kind {
	case linkClaim:
		return &LinkError{"this is the claim link of a new relay: use it with `bulle claim`", ErrLinkKind}
	case linkInvitation:
		return &LinkError{"this is an invitation link: use it with `bulle join`", ErrLinkKind}
	default:
		return &LinkError{"this link adds a device to an account: use it with `bulle link`", ErrLinkKind}
	}
}

func encodeLink(address string, b *linkBody) (string, error) {
	if !validAddress(address) {
		return "", badLink("an address is HOST:PORT")
	}
	raw, err := syntax.Marshal(b)
	if err != nil {
		return "", badLink("the link cannot be made: " + err.Error())
	}
	raw = append(raw, linkCheck(address, raw)...)
	return linkPrefix + address + "/#" + base64.RawURLEncoding.EncodeToString(raw), nil
}

func decodeLink(s string) (address string, b *linkBody, err error) {
	s = strings.TrimSpace(s)
	rest, ok := strings.CutPrefix(s, linkPrefix)
	switch {
	case !ok || len(s) > maxLink:
		return "", nil, badLink("this is not a link of Bulle: it must begin with https://")
	case strings.ContainsAny(s, " \t\r\n"):
		return "", nil, badLink("the link has a space or a line break in it: copy it in one piece")
	}
	address, fragment, ok := strings.Cut(rest, "/#")
	if !ok || fragment == "" {
		return "", nil, badLink("the link is cut: the part after # is missing, copy the whole link")
	}
	if !validAddress(address) {
		return "", nil, badLink("the link's address is damaged: it must be https://HOST:PORT/#...")
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(fragment)
	if err != nil {
		return "", nil, badLink("the link is damaged: copy it again, the whole of it")
	}
	defer secret.Wipe(raw)
	return decodeBody(address, raw)
}

func decodeBody(address string, raw []byte) (string, *linkBody, error) {
	switch {
	case len(raw) > 0 && raw[0] > version:
		return "", nil, &LinkError{ErrLinkVersion.Error(), ErrLinkVersion}
	case len(raw) < checkSize:
		return "", nil, badLink("the link is cut: copy it again, the whole of it")
	}
	raw, check := raw[:len(raw)-checkSize], raw[len(raw)-checkSize:]
	if string(linkCheck(address, raw)) != string(check) {
		return "", nil, badLink("the link is damaged or cut: copy it again, the whole of it")
	}
	b := &linkBody{}
	if syntax.Unmarshal(raw, b) != nil {
		return "", nil, badLink("the link makes no sense: ask for a new one")
	}
	return address, b, nil
}

func linkCheck(address string, raw []byte) []byte {
	n := binary.BigEndian.AppendUint16(nil, uint16(len(address))) //nolint:gosec // G115: at most maxAddress
	sum := labelled("bulle 1 link", n, []byte(address), raw)
	return sum[:checkSize]
}

const (
	linkClaim      uint8 = 1
	linkInvitation uint8 = 2
	linkDevice     uint8 = 3
)

// linkBody is the layout at the top without check.
type linkBody struct {
	kind      uint8
	pin       [32]byte
	token     []byte
	root      RootID
	seed      []byte
	category  CategoryID
	directory []byte
	addresses []string
}

func (b *linkBody) Code(c *syntax.Codec) {
	v := uint8(version)
	c.Uint8(&v)
	c.Uint8(&b.kind)
	if c.Err() == nil && v != version {
		c.Fail("link version %d", v)
	}
	c.Fixed(b.pin[:])
	switch b.kind {
	case linkClaim:
		codeSecret(c, &b.token)
	case linkInvitation:
		c.Fixed(b.root[:])
		codeSecret(c, &b.seed)
		c.Fixed(b.category[:])
		codeSecret(c, &b.directory)
		b.codeAddresses(c)
	case linkDevice:
		c.Fixed(b.root[:])
		c.Fixed(b.category[:])
		codeSecret(c, &b.seed)
		b.codeAddresses(c)
	default:
		c.Fail("link of unknown kind %d", b.kind)
	}
}

func (b *linkBody) codeAddresses(c *syntax.Codec) {
	syntax.Vector(c, &b.addresses, (*syntax.Codec).String)
	if c.Err() == nil && len(b.addresses) > maxAddresses {
		c.Fail("%d addresses", len(b.addresses))
	}
	for _, a := range b.addresses {
		if c.Err() == nil && !validAddress(a) {
			c.Fail("an address is not HOST:PORT")
		}
	}
}

// codeSecret codes 32 secret bytes.
func codeSecret(c *syntax.Codec, b *[]byte) {
	if c.Reading() {
		*b = make([]byte, 32)
	} else if len(*b) != 32 {
		c.Fail("a secret of %d bytes", len(*b))
		return
	}
	c.Fixed(*b)
}

// validAddress reports whether a is HOST:PORT: a name, an IPv4 address or an IPv6
// address in brackets, and a port from 1 to 65535 as it is usually written.
func validAddress(a string) bool {
	if len(a) > maxAddress {
		return false
	}
	i := strings.LastIndexByte(a, ':')
	if i <= 0 {
		return false
	}
	host, port := a[:i], a[i+1:]
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 || port != strconv.FormatUint(n, 10) {
		return false
	}
	if inner, ok := strings.CutPrefix(host, "["); ok {
		inner, ok = strings.CutSuffix(inner, "]")
		ip, err := netip.ParseAddr(inner)
		return ok && err == nil && ip.Is6() && ip.Zone() == ""
	}
	return strings.Trim(host, hostCharacters) == "" // Trim stops at the first foreign character
}

const hostCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-"
