package conversation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"bulle/device/client/delivery"
	"bulle/device/vault"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// unlinked is how long a history waits for a device that was confirmed and is not in
// the log: a link is over by then.
const unlinked = 15 * time.Minute

// maxHistoryItem is about how many bytes of messages one item carries.
const maxHistoryItem = 48 << 10

// sendHistories sends what can be sent to devices that were linked here.
func (e *Engine) sendHistories(ctx context.Context) error {
	names, err := e.view(ctx).List(historySegment, vault.Range{Prefix: outPrefix})
	if err != nil {
		return ignoreMissing(err)
	}
	for _, name := range names {
		if err := e.sendHistory(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// sendHistory sends to one device what is ready.
func (e *Engine) sendHistory(ctx context.Context, name string) error {
	id := governance.DeviceID([]byte(strings.TrimPrefix(name, outPrefix)))
	w := &historyWriter{engine: e, name: name, device: id}
	if ok, err := load(e.view(ctx), historySegment, name, &w.out); err != nil || !ok {
		return orMissing(err)
	}
	defer func() { secret.Wipe(w.out.Secret[:]) }()
	if _, in := e.Directory.Now().Device(id); !in {
		late := e.Clock().Sub(fromMillis(w.out.Begun)) > unlinked
		if late || e.Directory.Now().Removed(id) {
			return w.drop(ctx)
		}
		return nil // the log wakes us
	}
	shared := secret.Copy(w.out.Secret[:])
	defer shared.Wipe()
	var err error
	if w.channel, err = delivery.NewChannel(shared, nil); err != nil {
		return err
	}
	defer w.channel.Wipe()
	w.channel.Observe = e.Sealing
	if err := e.relay.Create(ctx, w.channel.Link(historyClass)); err != nil {
		return fmt.Errorf("create the channel of a history: %w", err)
	}
	for {
		if more, err := w.step(ctx); err != nil || !more {
			return err
		}
	}
}

// historyWriter writes a history into its channel.
type historyWriter struct {
	engine  *Engine
	name    string
	device  governance.DeviceID
	channel *delivery.Channel
	out     historyOut
}

// step sends the item that waits, or makes the next one. It reports false when
// there is nothing to do now.
func (w *historyWriter) step(ctx context.Context) (bool, error) {
	if w.out.Parcel != nil {
		return true, w.flush(ctx)
	}
	if w.out.Ended {
		return false, w.drop(ctx)
	}
	next := w.out
	next.Done = slices.Clone(w.out.Done)
	item, err := w.next(ctx, &next)
	if err != nil || item == nil {
		return false, err
	}
	next.Number++
	item.Number = next.Number
	plain, err := syntax.Marshal(item)
	if err != nil {
		return false, fmt.Errorf("encode a history: %w", err)
	}
	defer secret.Wipe(plain)
	if next.Parcel, err = w.channel.Pack(plain, historyClass); err != nil {
		return false, fmt.Errorf("pack a history: %w", err)
	}
	err = w.engine.update(ctx, "history", func(tx *vault.Tx, _ *notes) error {
		return save(tx, historySegment, w.name, &next)
	})
	w.out = next
	return true, err
}

// flush sends the item that waits.
func (w *historyWriter) flush(ctx context.Context) error {
	if err := w.engine.at("history append"); err != nil {
		return err
	}
	if _, err := w.out.Parcel.Send(ctx, w.engine.relay); err != nil {
		return fmt.Errorf("append to the channel of a history: %w", err)
	}
	w.out.Parcel = nil
	return w.engine.update(ctx, "history sent", func(tx *vault.Tx, n *notes) error {
		n.tell(Event{Kind: EventHistory, Device: w.device, Transfer: &Transfer{
			Upload: true, Done: int64(w.out.Sent), Total: int64(max(w.out.Total, w.out.Sent)), //nolint:gosec // G115: counts of records
		}})
		return save(tx, historySegment, w.name, &w.out)
	})
}

func (w *historyWriter) drop(ctx context.Context) error {
	return w.engine.update(ctx, "history over", func(tx *vault.Tx, n *notes) error {
		n.tell(Event{Kind: EventHistory, Device: w.device})
		return tx.Delete(historySegment, w.name)
	})
}

// next returns the next item and puts into x what is true after it; nil if it
// waits for something.
func (w *historyWriter) next(ctx context.Context, x *historyOut) (*historyItem, error) {
	if x.Number == 0 {
		total, err := w.count(ctx)
		x.Total = total
		return &historyItem{Part: partBegin, Count: total}, err
	}
	if x.Now == (ID{}) {
		return w.choose(ctx, x)
	}
	item := &historyItem{Part: partMessages, ID: x.Now}
	if err := w.fill(ctx, x, item); err != nil {
		return nil, err
	}
	if len(item.Messages) > 0 {
		x.Sent += uint64(len(item.Messages))
		return item, nil
	}
	x.Done, x.Now, x.Next = append(x.Done, x.Now), ID{}, 0
	return w.choose(ctx, x)
}

// count returns about how many messages there are.
func (w *historyWriter) count(ctx context.Context) (total uint64, err error) {
	all, err := w.engine.Conversations(ctx)
	for _, c := range all {
		total += uint64(max(c.Count, 0))
	}
	return total, err
}

// choose begins the next conversation that is ready, or else sends the notes and
// the end.
func (w *historyWriter) choose(ctx context.Context, x *historyOut) (*historyItem, error) {
	all, err := w.engine.Conversations(ctx)
	if err != nil {
		return nil, err
	}
	waiting := false
	for _, c := range all {
		if slices.Contains(x.Done, c.ID) {
			continue
		}
		ready, err := w.ready(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		if !ready {
			waiting = true
			continue
		}
		x.Now, x.Next = c.ID, 1
		return &historyItem{Part: partConversation, ID: c.ID, Meta: meta{
			Kind: c.Kind, Peer: c.Peer, Name: c.Name, Members: c.Members, Outside: !c.Active,
		}}, nil
	}
	if waiting {
		return nil, nil //nolint:nilnil // the commits that it waits for wake us
	}
	return w.last(ctx, x)
}

// last sends one note after the other, and the end.
func (w *historyWriter) last(ctx context.Context, x *historyOut) (*historyItem, error) {
	if !x.Notes && w.engine.Notes != nil {
		notes, err := w.engine.Notes(ctx)
		if err != nil {
			return nil, err
		}
		if len(notes) > 0 {
			x.Notes = true
			b, err := packNotes(notes)
			return &historyItem{Part: partNotes, Value: b}, err
		}
	}
	x.Ended = true
	return &historyItem{Part: partEnd}, nil
}

// ready reports whether the new device is in every group of a conversation that
// this one is in with others.
func (w *historyWriter) ready(ctx context.Context, id ID) (bool, error) {
	m, ok, err := loadMeta(w.engine.view(ctx), id)
	if err != nil || !ok {
		return true, err
	}
	for _, group := range m.Threads {
		t, err := w.engine.loadThread(ctx, id, group)
		if errors.Is(err, vault.ErrNotFound) {
			return false, nil // it changes just now
		}
		if err != nil {
			return false, err
		}
		in := t.line.Status != inside || t.alone() || t.holds(w.device)
		t.wipe()
		if !in {
			return false, nil
		}
	}
	return true, nil
}

// fill puts the next messages of a conversation into an item. What is not on the relay
// yet the new device will receive like everyone else; what failed stays here.
func (w *historyWriter) fill(ctx context.Context, x *historyOut, item *historyItem) error {
	m, ok, err := loadMeta(w.engine.view(ctx), x.Now)
	if err != nil || !ok {
		return err
	}
	size := 0
	return w.engine.vault.Scan(ctx, segment(x.Now), vault.Range{Prefix: messagePrefix, From: messagePrefix + x.Next.key()},
		func(name string, value []byte) error {
			at := cursorOf(strings.TrimPrefix(name, messagePrefix))
			var rec record
			if err := syntax.Unmarshal(value, &rec); err != nil {
				return err
			}
			if rec.State != Queued && rec.State != Failed {
				if size += len(value); size > maxHistoryItem && len(item.Messages) > 0 {
					return vault.ErrStop
				}
				item.Messages = append(item.Messages, past{Read: at <= m.ReadUpTo, Record: slices.Clone(value)})
			}
			x.Next = at + 1
			return ctx.Err()
		})
}

// HistoryOffered returns how far the history that goes to a device has come, nil if
// none is on its way.
func (e *Engine) HistoryOffered(ctx context.Context, device governance.DeviceID) (*Transfer, error) {
	var out historyOut
	defer func() { secret.Wipe(out.Secret[:]) }()
	ok, err := load(e.view(ctx), historySegment, outPrefix+string(device[:]), &out)
	if err != nil || !ok {
		return nil, err
	}
	return &Transfer{Upload: true, Done: int64(out.Sent), Total: int64(max(out.Total, out.Sent))}, nil //nolint:gosec // G115: counts of records
}
