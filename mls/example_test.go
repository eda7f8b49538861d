package mls_test

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"time"

	"bulle/mls"
)

// names is an authentication service that knows everybody by name, and believes
// whoever claims one. A real one checks the signature key.
type names map[string]bool

func (n names) ValidateCredential(c mls.Credential, _ []byte) error {
	if !n[string(c.Identity)] {
		return fmt.Errorf("nobody called %q", c.Identity)
	}
	return nil
}

func (n names) ValidateExternalSender(c mls.Credential, key []byte) error {
	return n.ValidateCredential(c, key)
}

func (names) SameClient(a, b mls.Credential) bool { return bytes.Equal(a.Identity, b.Identity) }

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// Alice creates a group, adds Bob, and sends him a message.
func Example() {
	cfg := mls.Config{Rand: rand.Reader, Now: time.Now, Credentials: names{"alice": true, "bob": true}}

	// Bob publishes a key package and keeps its private keys.
	bobKey, err := mls.GenerateSignatureKey(mls.Hybrid, rand.Reader)
	check(err)
	bundle, err := mls.NewKeyPackage(cfg, mls.Hybrid, mls.BasicCredential([]byte("bob")), bobKey, mls.KeyPackageOptions{})
	check(err)
	published := bundle.Message()

	// Alice creates the group and commits to adding Bob. She sends the commit to the
	// other members, of whom there are none, and merges it when it is accepted.
	aliceKey, err := mls.GenerateSignatureKey(mls.Hybrid, rand.Reader)
	check(err)
	alice, err := mls.Create(cfg, mls.GroupOptions{Credential: mls.BasicCredential([]byte("alice")), Key: aliceKey})
	check(err)
	keyPackage, err := mls.ParseKeyPackage(published)
	check(err)
	pending, err := alice.Commit(mls.CommitOptions{Add: []*mls.KeyPackage{keyPackage}, InlineTree: true})
	check(err)
	check(alice.MergePending(pending))

	// Bob joins by the Welcome.
	bob, err := mls.Join(cfg, mls.JoinOptions{Welcome: pending.Welcome(), Bundles: []*mls.KeyPackageBundle{bundle}, Key: bobKey})
	check(err)

	// Before sealed bytes leave, the state that consumed their key is stored.
	sealed, err := alice.Seal(nil, []byte("hello"))
	check(err)
	_, err = alice.MarshalRatchet()
	check(err)

	received, err := bob.Receive(sealed)
	check(err)
	if m, ok := received.(*mls.Application); ok {
		fmt.Printf("%s says %s\n", m.Sender.Credential.Identity, m.Data)
	}
	// Output: alice says hello
}
