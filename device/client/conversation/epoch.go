package conversation

import (
	"context"
	"fmt"

	"bulle/device/vault"
	"bulle/mls"
	"bulle/protocol/governance"
	"bulle/protocol/secret"
)

// enter makes the epoch that the group is now in durable, with its channel.
func (w *threadWork) enter(tx *vault.Tx, n *notes, m *meta, from governance.MemberID, c mls.Changes, end uint64) error {
	t := w.t
	if t.channel != nil {
		t.line.past(t.channel, end)
	}
	if len(c.Removed) > 0 {
		// Who was removed learns it from there, and never says that it did: these
		// channels are left to the relay's expiry.
		t.line.Past = nil
	}
	if err := t.dropOut(tx); err != nil {
		return err
	}
	if err := t.dropPending(tx); err != nil {
		return err
	}
	if err := w.recordChanges(tx, n, m, from, c); err != nil {
		return err
	}
	t.line.Epoch, t.line.Lane, t.line.SkipStored, t.line.Missed, t.line.Leaving = t.group.Epoch(), 0, false, false, nil
	t.line.forget(t.group)
	if err := t.enter(tx); err != nil {
		return err
	}
	d, err := describe(t.group.Extensions())
	if err != nil {
		return err
	}
	m.Members = t.roster()
	if speaker, err := w.engine.speaker(tx, w.conversation, m); err == nil && speaker == w.key() {
		if err := w.engine.retime(tx, n, w.conversation, m, from, d.Timer); err != nil {
			return err
		}
	}
	if len(c.Added) > 0 {
		n.kick(workerKey{kind: siblingWorker}) // a history may wait for them
	}
	n.tell(Event{Kind: EventConversation, Conversation: w.conversation})
	return m.save(tx, w.conversation)
}

// enter opens the channel that epoch and lane name and makes the group durable.
func (t *thread) enter(tx *vault.Tx) error {
	t.line.Created, t.line.Position, t.line.Truncated = false, 0, 0
	secret.Wipe(t.line.Secret[:])
	if !t.alone() {
		s, err := channelSecret(t.group, t.line.Lane)
		if err != nil {
			return fmt.Errorf("derive a channel: %w", err)
		}
		copy(t.line.Secret[:], s.Reveal())
		s.Wipe()
	}
	if err := t.saveGroup(tx); err != nil {
		return err
	}
	return t.saveLine(tx)
}

// moved puts what is in memory on the channel that is durable now.
func (w *threadWork) moved(context.Context) error {
	w.unsubscribe()
	w.target = 0
	if w.t.channel != nil {
		w.t.channel.Wipe()
	}
	err := w.t.openChannel()
	if w.t.channel != nil {
		w.t.channel.Observe = w.engine.Sealing
	}
	return err
}

func (t *thread) dropOut(tx *vault.Tx) error {
	if t.out == nil {
		return nil
	}
	t.out = nil
	return tx.Delete(segment(t.conversation), t.name("out"))
}

func (t *thread) dropPending(tx *vault.Tx) error {
	if t.pending == nil {
		return nil
	}
	secret.Wipe(t.pending.State)
	t.pending = nil
	return tx.Delete(segment(t.conversation), t.name("pending"))
}
