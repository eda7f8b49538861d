package conversation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/device/client/link"
	"bulle/device/vault"
	"bulle/protocol/secret"
	"bulle/protocol/syntax"
)

// act takes one step of what waits in the vault, when the channel was read to its
// end, and reports whether there may be more to do. The order matters: what is
// sealed already goes first, then changes of the group, then messages.
func (w *threadWork) act(ctx context.Context) (more bool, err error) {
	for _, step := range []func(context.Context) (bool, error){
		w.resend, w.finishCommit, w.heal, w.siblings, w.change, w.say, w.sweep,
	} {
		if more, err = step(ctx); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// resend appends what is sealed and not known to be relayed: the same bytes until
// the relay acknowledges them.
func (w *threadWork) resend(ctx context.Context) (bool, error) {
	e, t := w.engine, w.t
	if t.out == nil {
		return false, nil
	}
	if err := e.at("append"); err != nil {
		return false, err
	}
	first, err := t.out.Parcel.Send(ctx, e.relay)
	var sealed *link.SealedError
	if errors.As(err, &sealed) {
		w.target = max(w.target, sealed.Next) // read on: the next epoch takes it
		return true, e.at("append refused")
	}
	if err != nil {
		return false, fmt.Errorf("append to a channel: %w", err)
	}
	if err := e.at("append done"); err != nil {
		return false, err
	}
	w.target = max(w.target, first+uint64(len(t.out.Parcel.Cells)))
	return true, w.update(ctx, "relayed", func(tx *vault.Tx, n *notes, m *meta) error { return w.relayed(tx, n, m) })
}

// relayed notes that what was on its way is durable on the relay.
func (w *threadWork) relayed(tx *vault.Tx, n *notes, m *meta) error {
	t, seg := w.t, segment(w.conversation)
	for _, name := range t.out.Queue {
		if err := tx.Delete(seg, name); err != nil {
			return err
		}
	}
	for _, at := range t.out.Messages {
		rec, err := loadMessage(tx, w.conversation, at)
		if errors.Is(err, ErrNoMessage) {
			continue
		}
		if err != nil {
			return err
		}
		rec.State = Relayed
		rec.Waiting = w.recipients()
		if err := setClock(tx, n, w.conversation, at, rec, millis(w.engine.Clock())); err != nil {
			return err
		}
		if err := saveMessage(tx, n, w.conversation, m, at, rec); err != nil {
			return err
		}
	}
	return t.dropOut(tx)
}

// recipients returns who is to get what this member says now.
func (w *threadWork) recipients() (out []recipient) {
	for _, id := range without(w.t.roster(), w.engine.Self.Member) {
		out = append(out, recipient{Member: id})
	}
	return out
}

// finishCommit sends our commit, if one waits.
func (w *threadWork) finishCommit(ctx context.Context) (bool, error) {
	if w.t.pending == nil {
		return false, nil
	}
	return true, w.sealPending(ctx)
}

// maxBundle bounds the contents that share one item, in bytes with their
// extensions: with what MLS adds they still fit in its cells.
const maxBundle = 48 << 10

// say seals the next contents that wait, with the receipts that are due.
func (w *threadWork) say(ctx context.Context) (bool, error) {
	e, t := w.engine, w.t
	if t.alone() || t.leaving() {
		return false, nil
	}
	v := e.view(ctx)
	m, ok, err := loadMeta(v, w.conversation)
	if err != nil || !ok {
		return false, err
	}
	if speaker, err := e.speaker(v, w.conversation, m); err != nil || speaker != w.key() {
		return false, err
	}
	out, contents, err := w.collect(v, w.flushing())
	if err != nil || len(contents) == 0 {
		return false, err
	}
	if len(out.Messages) > 0 && w.healing() {
		return true, w.renew(ctx)
	}
	return true, w.seal(ctx, out, contents, nil, nil)
}

// collect returns the contents for the next item, none if nothing is due. Receipts
// alone are due when flush says so.
func (w *threadWork) collect(r reader, flush bool) (*outgoing, []Content, error) {
	e, seg := w.engine, segment(w.conversation)
	names, err := r.List(seg, vault.Range{Prefix: queuePrefix, Limit: maxContents - 1})
	if err != nil {
		return nil, nil, err
	}
	var out outgoing
	var contents []Content
	size := 0
	for _, name := range names {
		var q queued
		if ok, err := load(r, seg, name, &q); err != nil || !ok {
			return nil, nil, orMissing(err)
		}
		if size += q.Content.size(); size > maxBundle && len(contents) > 0 {
			break
		}
		contents = append(contents, q.Content)
		out.Queue, out.Messages = append(out.Queue, name), append(out.Messages, q.Cursor)
	}
	receipts, owing, err := owed(r, w.conversation)
	if err != nil || len(owing) == 0 {
		w.owing = time.Time{}
		return &out, contents, err
	}
	if len(contents) == 0 && !flush {
		if w.owing.IsZero() {
			w.owing = time.Now()
		}
		if time.Since(w.owing) < e.ReceiptDelay {
			return &out, nil, nil
		}
	}
	body, err := syntax.Marshal(receipts)
	if err != nil {
		return nil, nil, err
	}
	contents = append(contents, e.newContent(KindReceipts, body))
	out.Queue = append(out.Queue, owing...)
	return &out, contents, nil
}

// seal seals one item and makes it durable with the state that sealed it. Either
// contents or a proposal is given, and what else is to be written with it.
func (w *threadWork) seal(ctx context.Context, out *outgoing, contents []Content, proposal []byte, also func(*vault.Tx) error) error {
	e, t := w.engine, w.t
	message := proposal
	if proposal == nil {
		env := Envelope{Head: e.Directory.Head(), Read: t.line.Position, Contents: contents}
		plain, err := syntax.Marshal(&env)
		if err != nil {
			return fmt.Errorf("encode messages: %w", err)
		}
		defer secret.Wipe(plain)
		if message, err = t.group.Seal(nil, plain); err != nil {
			return fmt.Errorf("seal messages: %w", err)
		}
	}
	parcel, err := t.channel.Pack(message, channelClass)
	if err != nil {
		return fmt.Errorf("pack messages: %w", err)
	}
	out.Parcel = *parcel
	err = w.update(ctx, "sealed", func(tx *vault.Tx, _ *notes, _ *meta) error {
		if err := queuedStill(tx, w.conversation, out.Queue); err != nil {
			return err
		}
		t.out = out
		t.line.OwnMessages += uint32(len(out.Messages)) //nolint:gosec // G115: at most maxContents
		if err := save(tx, segment(w.conversation), t.name("out"), out); err != nil {
			return err
		}
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		if err := t.saveSealed(tx, proposal != nil); err != nil {
			return err
		}
		return t.saveLine(tx)
	})
	if errors.Is(err, errWithdrawn) {
		w.forget() // what was sealed goes nowhere, and so do the keys that sealed it
		return errAgain
	}
	return err
}

// saveSealed writes what sealing changed in the group: a proposal also waits in it.
func (t *thread) saveSealed(tx *vault.Tx, proposal bool) error {
	if proposal {
		return t.saveGroup(tx)
	}
	return t.saveRatchet(tx)
}

// healing reports whether our keys in the group are so old, or so much used, that
// they are renewed before the next message.
func (w *threadWork) healing() bool {
	l, e := &w.t.line, w.engine
	age := e.Clock().Sub(fromMillis(l.LastCommit))
	return age >= e.Healing.Age || l.OwnMessages >= e.Healing.Messages
}

// newContent makes a content with a fresh number.
func (e *Engine) newContent(kind ContentKind, body []byte) Content {
	return Content{Kind: kind, Nonce: e.nonce(), Sent: millis(e.Clock()), Body: body, Extensions: []Extension{}}
}

func (e *Engine) nonce() (n [16]byte) {
	systemRandom{}.fill(n[:])
	return n
}

func (e *Engine) newMessageID() MessageID { return MessageID(e.nonce()) }

// due returns how long the worker may wait before receipts go out or a sibling is
// looked for again, 0 for ever.
func (w *threadWork) due() time.Duration {
	lacks := w.lacks()
	if w.owing.IsZero() {
		return lacks
	}
	owing := max(time.Until(w.owing.Add(w.engine.ReceiptDelay)), time.Millisecond)
	if lacks > 0 {
		return min(owing, lacks)
	}
	return owing
}

// flushing reports whether receipts go out without delay: a round wants all sent.
func (w *threadWork) flushing() bool {
	round := w.engine.now()
	flush := round > w.flushed
	w.flushed = round
	return flush
}

// heal commits a fresh leaf when our state turned out to be an old copy.
func (w *threadWork) heal(ctx context.Context) (bool, error) {
	if !w.t.line.Heal || w.t.alone() {
		return false, nil
	}
	return true, w.renew(ctx)
}

const queuePrefix, uploadPrefix, changePrefix = "q/", "u/", "c/"
