// Package linktest is a relay in memory that keeps the promises of
// [link.Session]: what is above the link can be tested without a network.
//
// [New] makes the relay, [Relay.Session] connects one device to it.
package linktest

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"bulle/device/client/link"
)

// A Relay holds channels, pools and blobs for any number of sessions. Its methods
// may be called concurrently.
type Relay struct {
	mu       sync.Mutex
	channels map[link.ID]*channel
	pools    map[link.ID]*pool
	blobs    map[link.ID]link.Blob
	changed  chan struct{} // closed and replaced at every change
}

type channel struct {
	link.Channel
	first  uint64 // sequence number of cells[0]
	cells  [][]byte
	sealed bool
}

func (c *channel) next() uint64 { return c.first + uint64(len(c.cells)) }

type pool struct {
	link.Pool
	items [][]byte
	last  []byte
	known map[string]bool // all items that were ever put
}

// New returns an empty relay.
func New() *Relay {
	return &Relay{
		channels: map[link.ID]*channel{}, pools: map[link.ID]*pool{},
		blobs: map[link.ID]link.Blob{}, changed: make(chan struct{}),
	}
}

// Session connects one more device. It is online until [Session.Cut].
func (r *Relay) Session() *Session {
	return &Session{relay: r, online: true, cut: make(chan struct{})}
}

// Cells returns a copy of what a channel holds, and the number of its first cell.
func (r *Relay) Cells(id link.ID) (first uint64, cells [][]byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	ch := r.channels[id]
	if ch == nil {
		return 0, nil
	}
	for _, c := range ch.cells {
		cells = append(cells, slices.Clone(c))
	}
	return ch.first, cells
}

// Counts returns how many channels, pools and blobs the relay holds.
func (r *Relay) Counts() (channels, pools, blobs int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.channels), len(r.pools), len(r.blobs)
}

// EditBlobs lets a test damage or drop blobs: edit returns the new data of each,
// nil to delete it.
func (r *Relay) EditBlobs(edit func(data []byte) []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, b := range r.blobs {
		if b.Data = edit(b.Data); b.Data == nil {
			delete(r.blobs, id)
			continue
		}
		r.blobs[id] = b
	}
}

func (r *Relay) changedLocked() {
	close(r.changed)
	r.changed = make(chan struct{})
}

// channel finds a channel that grants the cap chosen by which.
func (r *Relay) channelLocked(id link.ID, c link.Cap, which func(*channel) link.Cap) (*channel, error) {
	ch := r.channels[id]
	if ch == nil || which(ch) != c {
		return nil, link.ErrNotFound
	}
	return ch, nil
}

func read(c *channel) link.Cap    { return c.Read }
func write(c *channel) link.Cap   { return c.Write }
func control(c *channel) link.Cap { return c.Control }

// A Session is one device's [link.Session] on a [Relay]. The hooks make the relay
// hostile or the network bad; set them before the session is used.
type Session struct {
	// Tamper, if set, replaces each batch before a subscription delivers it. It may
	// drop, repeat, reorder and change cells.
	Tamper func(ch link.ID, b link.Batch) []link.Batch
	// AfterAppend, if set, is called when an append or a seal has been executed.
	// Its error is returned in place of the reply: an acknowledgement is lost.
	AfterAppend func(ch link.ID) error

	relay *Relay

	mu     sync.Mutex
	online bool
	cut    chan struct{}
}

var _ link.Session = (*Session)(nil)

// Cut takes the device offline: its requests and subscriptions fail with
// [link.ErrOffline] until [Session.Restore].
func (s *Session) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.online {
		s.online = false
		close(s.cut)
	}
}

// Restore brings the device back online. Subscriptions stay broken.
func (s *Session) Restore() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.online {
		s.online = true
		s.cut = make(chan struct{})
	}
}

// begin returns the channel that closes when the device goes offline.
func (s *Session) begin(ctx context.Context) (<-chan struct{}, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if !s.online {
		return nil, link.ErrOffline
	}
	return s.cut, nil
}

// Create implements [link.Session].
func (s *Session) Create(ctx context.Context, ch link.Channel) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.channels[ch.ID]; old != nil {
		if old.Channel != ch {
			return link.ErrExists
		}
		return nil
	}
	r.channels[ch.ID] = &channel{Channel: ch}
	return nil
}

// Append implements [link.Session].
func (s *Session) Append(ctx context.Context, id link.ID, w link.Cap, cells [][]byte) (uint64, error) {
	return s.append(ctx, id, w, nil, cells)
}

// Seal implements [link.Session].
func (s *Session) Seal(ctx context.Context, id link.ID, w, c link.Cap, cells [][]byte) (uint64, error) {
	return s.append(ctx, id, w, &c, cells)
}

func (s *Session) append(ctx context.Context, id link.ID, w link.Cap, c *link.Cap, cells [][]byte) (uint64, error) {
	first, err := s.appendToRelay(ctx, id, w, c, cells)
	if err == nil && s.AfterAppend != nil {
		err = s.AfterAppend(id)
	}
	return first, err
}

func (s *Session) appendToRelay(ctx context.Context, id link.ID, w link.Cap, c *link.Cap, cells [][]byte) (uint64, error) {
	if _, err := s.begin(ctx); err != nil {
		return 0, err
	}
	if len(cells) == 0 || len(cells) > 16 {
		return 0, link.ErrTooLarge
	}
	for _, cell := range cells {
		if len(cell) != link.CellSize {
			return 0, link.ErrTooLarge
		}
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	ch, err := r.channelLocked(id, w, write)
	if err != nil {
		return 0, err
	}
	if c != nil && ch.Control != *c {
		return 0, link.ErrNotFound
	}
	if ch.sealed {
		return 0, &link.SealedError{Next: ch.next()}
	}
	first := ch.next()
	for _, cell := range cells {
		ch.cells = append(ch.cells, slices.Clone(cell))
	}
	ch.sealed = c != nil
	r.changedLocked()
	return first, nil
}

// Truncate implements [link.Session].
func (s *Session) Truncate(ctx context.Context, id link.ID, c link.Cap, upTo uint64) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	ch, err := r.channelLocked(id, c, control)
	if err != nil {
		return err
	}
	if upTo > ch.next() {
		return link.ErrAhead
	}
	if upTo > ch.first {
		n := upTo - ch.first
		ch.cells = ch.cells[n:]
		ch.first += n
	}
	return nil
}

// CreatePool implements [link.Session].
func (s *Session) CreatePool(ctx context.Context, p link.Pool) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if old := r.pools[p.ID]; old != nil {
		if old.Pool != p {
			return link.ErrExists
		}
		return nil
	}
	r.pools[p.ID] = &pool{Pool: p, known: map[string]bool{}}
	return nil
}

// Put implements [link.Session].
func (s *Session) Put(ctx context.Context, id link.ID, put link.Cap, item []byte, lastResort bool) (int, error) {
	if _, err := s.begin(ctx); err != nil {
		return 0, err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pools[id]
	if p == nil || p.Put != put {
		return 0, link.ErrNotFound
	}
	switch {
	case lastResort:
		p.last = slices.Clone(item)
	case !p.known[string(item)]:
		p.known[string(item)] = true
		p.items = append(p.items, slices.Clone(item))
	}
	return len(p.items), nil
}

// Take implements [link.Session].
func (s *Session) Take(ctx context.Context, id link.ID, take link.Cap) ([]byte, error) {
	if _, err := s.begin(ctx); err != nil {
		return nil, err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	p := r.pools[id]
	if p == nil || p.Take != take {
		return nil, link.ErrNotFound
	}
	if len(p.items) > 0 {
		item := p.items[0]
		p.items = p.items[1:]
		return item, nil
	}
	if p.last == nil {
		return nil, link.ErrNotFound
	}
	return slices.Clone(p.last), nil
}

// PutBlob implements [link.Session].
func (s *Session) PutBlob(ctx context.Context, b link.Blob) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	if old, ok := r.blobs[b.ID]; ok {
		if old.Read != b.Read || old.Delete != b.Delete || !bytes.Equal(old.Data, b.Data) {
			return link.ErrExists
		}
		return nil
	}
	b.Data = slices.Clone(b.Data)
	r.blobs[b.ID] = b
	return nil
}

// GetBlob implements [link.Session].
func (s *Session) GetBlob(ctx context.Context, id link.ID, readCap link.Cap) ([]byte, error) {
	if _, err := s.begin(ctx); err != nil {
		return nil, err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.blobs[id]
	if !ok || b.Read != readCap {
		return nil, link.ErrNotFound
	}
	return slices.Clone(b.Data), nil
}

// DeleteBlob implements [link.Session].
func (s *Session) DeleteBlob(ctx context.Context, id link.ID, del link.Cap) error {
	if _, err := s.begin(ctx); err != nil {
		return err
	}
	r := s.relay
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.blobs[id]
	if !ok || b.Delete != del {
		return link.ErrNotFound
	}
	delete(r.blobs, id)
	return nil
}
