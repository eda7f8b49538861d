package conversation_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync"
	"testing"
	"time"

	"bulle/device/client/clienttest"
	"bulle/device/client/contact"
	"bulle/device/client/conversation"
	"bulle/device/client/delivery"
	"bulle/device/client/link"
	"bulle/device/client/link/linktest"
	"bulle/device/vault"
	"bulle/device/vault/memory"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// A world is a bubble of one category in memory: a governance log that everyone
// sees at once, a relay, and devices.
type world struct {
	t          *testing.T
	relay      *linktest.Relay
	log        *governance.Log
	statements [][]byte // of log
	category   governance.CategoryID
	directory  *secret.Bytes
	root       *governance.SigningKey
	now        time.Time
	mu         sync.Mutex       // guards view and newer
	view       *governance.Log  // what devices know, if it is not log
	newer      *governance.Log  // what they know once they have asked again
	clock      func() time.Time // nil: now
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		t: t, relay: linktest.New(), directory: secret.Random(governance.DirectoryKeySize),
		root: governance.NewSigningKey(secret.Random(governance.SeedSize)), now: time.Now(),
	}
	rand.Read(w.category[:])
	w.log = governance.NewLog(governance.RootID(w.root.ID()))
	return w
}

// A device is a member's engine on a vault of its own.
type device struct {
	*conversation.Engine
	world   *world
	name    string
	member  *governance.SigningKey
	key     *governance.DeviceKey
	inbox   *secret.Bytes
	pool    *secret.Bytes
	backend *memory.Backend
	vault   *vault.Vault
	session *linktest.Session
	relay   link.Session // what Run is given; nil: session
	events  chan conversation.Event
	hook    func(string) error
	sealing func([]byte)
	rand    io.Reader
	healing conversation.Healing
	skew    time.Duration // how much its clock is ahead of the world's; set before it runs
	blocked []*device
	stop    func() error
}

// join makes a new member with one device; its engine is open but does not run.
func (w *world) join(name string) *device {
	w.t.Helper()
	d := &device{
		world: w, name: name,
		member: governance.NewSigningKey(secret.Random(governance.SeedSize)),
		key:    governance.NewDeviceKey(secret.Random(governance.SeedSize)),
		inbox:  secret.Random(delivery.InboxSecretSize), pool: secret.Random(delivery.InboxSecretSize),
		backend: memory.New(), session: w.relay.Session(), events: make(chan conversation.Event, 10_000),
	}
	w.admit(d)
	d.vault = must(vault.Create(w.t.Context(), d.backend, passphrase(), clienttest.VaultOptions()))(w.t)
	d.open()
	w.t.Cleanup(func() { _ = d.halt() })
	return d
}

func passphrase() *secret.Bytes {
	return secret.Copy([]byte("correct horse battery staple is not enough words"))
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// admit puts a member and its device into the log.
func (w *world) admit(d *device) {
	w.t.Helper()
	id, device := governance.MemberID(d.member.ID()), d.key.ID()
	inbox := must(delivery.NewInbox(d.inbox))(w.t)
	pool := must(delivery.NewPool(d.pool))(w.t)
	member := must((&contact.MemberCard{Name: d.name}).Seal(w.directory, id))(w.t)
	card := must((&contact.DeviceCard{Inbox: *inbox.Address(), Pool: pool.Address()}).Seal(w.directory, device))(w.t)
	if w.log.Head().Length == 0 {
		item := must(governance.SealItem(w.directory, governance.ItemCategory, w.category[:], []byte("everyone")))(w.t)
		w.append(must(governance.Found(w.root, d.member, d.key, governance.Founding{
			Category: w.category, CategoryItem: item, MemberCard: member, DeviceCard: card,
		}, w.now))(w.t))
		return
	}
	invitation := governance.NewSigningKey(secret.Random(governance.SeedSize))
	place := governance.Place{Head: w.log.Head(), Time: w.now}
	w.append([][]byte{must(governance.Invite(place, w.root, governance.Terms{
		Key: *invitation.Public(), Category: w.category, Uses: 1, Expires: w.now.Add(time.Hour),
	}))(w.t)})
	place.Head = w.log.Head()
	w.append(must(governance.Admit(place, invitation, d.member, d.key, governance.Admission{
		Category: w.category, MemberCard: member, DeviceCard: card,
	}))(w.t))
}

func (w *world) append(statements [][]byte) {
	w.t.Helper()
	w.statements = append(w.statements, statements...)
	if err := w.log.Append(statements...); err != nil {
		w.t.Fatal(err)
	}
}

// time is the clock of every device.
func (w *world) time() time.Time {
	if w.clock != nil {
		return w.clock()
	}
	return w.now
}

// Now, Head, Heard and Refresh make a world a [conversation.Directory].
func (w *world) Now() *contact.Directory {
	w.mu.Lock()
	log := w.view
	w.mu.Unlock()
	if log == nil {
		log = w.log
	}
	return contact.NewDirectory(nil, log.State(), w.category, w.directory)
}

// show has devices know view of the log, and newer once they have asked again.
func (w *world) show(view, newer *governance.Log) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.view, w.newer = view, newer
}

func (w *world) Head() governance.Head { return w.log.Head() }
func (w *world) Heard(governance.Head) {}
func (w *world) Refresh(context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.newer != nil {
		w.view = w.newer
	}
	return nil
}

// open makes an engine on the device's vault, as a start of the program does.
func (d *device) open() {
	d.world.t.Helper()
	t := d.world.t
	inbox := must(delivery.NewInbox(d.inbox))(t)
	pool := must(delivery.NewPool(d.pool))(t)
	signature := must(mls.NewSignatureKey(mls.Hybrid, d.key.Seed().Reveal()))(t)
	var err error
	d.Engine, err = conversation.New(conversation.Config{
		Vault: d.vault, Directory: d.world, Blocked: d.isBlocked, Clock: func() time.Time { return d.world.time().Add(d.skew) },
		Rand: d.rand, Healing: d.healing, Hook: d.hook, Sealing: d.sealing,
		Self: conversation.Self{
			Member: governance.MemberID(d.member.ID()), Device: d.key.ID(),
			Signature: signature, Inbox: inbox, Pool: pool, Key: d.world.directory,
		},
		Log:          func(what string, err error) { _, _ = fmt.Fprintf(t.Output(), "%s: %s: %v\n", d.name, what, err) },
		ReceiptDelay: time.Millisecond, Retry: 20 * time.Millisecond,
		Notify: func(e conversation.Event) {
			select {
			case d.events <- e:
			default:
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// start runs the engine in the background.
func (d *device) start() {
	ctx, cancel := context.WithCancel(context.Background())
	ended, ready := make(chan error, 1), make(chan struct{})
	var relay link.Session = d.session
	if d.relay != nil {
		relay = d.relay
	}
	go func() { ended <- d.Run(ctx, relay, ready) }()
	<-ready
	d.stop = func() error {
		cancel()
		return <-ended
	}
}

// halt stops the engine if it runs.
func (d *device) halt() error {
	if d.stop == nil {
		return nil
	}
	err := d.stop()
	d.stop = nil
	return err
}

// sync runs one round: what waits on the relay comes in, what waits in the vault
// goes out.
func (d *device) sync() {
	d.world.t.Helper()
	if err := d.trySync(); err != nil {
		d.world.t.Fatalf("%s: %v", d.name, err)
	}
}

func (d *device) trySync() error {
	running := d.stop != nil
	if !running {
		d.start()
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	err := d.Settle(ctx)
	if running {
		return err
	}
	return errors.Join(err, d.halt())
}

func (d *device) id() governance.MemberID { return governance.MemberID(d.member.ID()) }

// say sends a text to another member.
func (d *device) say(to *device, text string) conversation.MessageID {
	d.world.t.Helper()
	return must(d.SendText(d.world.t.Context(), d.Direct(to.id()), to.id(), text))(d.world.t)
}

// history returns the texts of a conversation, as "name: text".
func (d *device) history(id conversation.ID) []string {
	d.world.t.Helper()
	messages := must(d.History(d.world.t.Context(), id, 0, 500))(d.world.t)
	var out []string
	for _, m := range messages {
		from := "?"
		if member, ok := d.world.Now().Member(m.From); ok {
			from = member.Name
		}
		switch m.Kind {
		case conversation.MessageChange:
			out = append(out, from+" "+m.Change.Kind.String())
		default:
			out = append(out, from+": "+m.Text)
		}
	}
	return out
}

// newRelaySession is a session on a relay that knows nothing.
func newRelaySession() *linktest.Session { return linktest.New().Session() }
