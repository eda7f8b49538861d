package relay

import (
	"context"
	"errors"
	"log/slog"

	"bulle/protocol/wire"
)

// A handler carries out one kind of request, in the reader. Its error is a
// *wire.Refusal that ends the circuit.
type handler struct {
	before bool // allowed before OPEN
	run    func(*circuit, wire.Message) error
}

// handlerOf finds the row of the table of requests. Kinds of governance
// connections are unknown here.
func handlerOf(k wire.Kind) (handler, bool) {
	rows := [...]handler{
		wire.KindOpen:        {true, handle((*circuit).openCircuit)},
		wire.KindRenew:       {false, handle((*circuit).renew)},
		wire.KindPing:        {true, handle((*circuit).ping)},
		wire.KindCreate:      {false, (*circuit).change},
		wire.KindAppend:      {false, (*circuit).change},
		wire.KindSubscribe:   {false, handle((*circuit).subscribe)},
		wire.KindCredit:      {false, handle((*circuit).moreCredit)},
		wire.KindUnsubscribe: {false, handle((*circuit).unsubscribe)},
		wire.KindTruncate:    {false, (*circuit).change},
		wire.KindCreatePool:  {false, (*circuit).change},
		wire.KindPut:         {false, (*circuit).change},
		wire.KindTake:        {false, (*circuit).change},
		wire.KindBlobPut:     {false, (*circuit).change},
		wire.KindBlobGet:     {false, handle((*circuit).getBlob)},
		wire.KindBlobDelete:  {false, (*circuit).change},
	}
	if int(k) >= len(rows) || rows[k].run == nil {
		return handler{}, false
	}
	return rows[k], true
}

func handle[B wire.Body](f func(*circuit, uint32, B) error) func(*circuit, wire.Message) error {
	return func(c *circuit, m wire.Message) error { return f(c, m.Request, m.Body.(B)) }
}

// change hands a request that writes to the committer, and waits while that has
// too much to do.
func (c *circuit) change(m wire.Message) error {
	grant, _ := c.granted()
	select {
	case c.e.queue <- pending{c, m.Request, Change{grant.Category, m.Body}}:
	case <-c.ended:
	}
	return nil
}

func (c *circuit) openCircuit(request uint32, b *wire.Open) error {
	if _, open := c.granted(); open {
		return &wire.Refusal{Reason: wire.OutOfState}
	}
	if err := c.grantBy(b.Proof, func(Grant) bool { return true }); err != nil {
		return err
	}
	c.openBy.Store(0)
	c.reply(request, &wire.Done{})
	return nil
}

func (c *circuit) renew(request uint32, b *wire.Renew) error {
	old, _ := c.granted()
	same := func(g Grant) bool { return g.Category == old.Category }
	if err := c.grantBy(b.Proof, same); err != nil {
		return err
	}
	c.reply(request, &wire.Done{})
	return nil
}

// grantBy opens the circuit with what the gate says to a proof. When circuits were
// closed by their grants meanwhile, the gate is asked again: its first answer may
// be older than the reason they were closed for, and they were looked for before
// this one had its grant.
func (c *circuit) grantBy(proof []byte, fits func(Grant) bool) error {
	for {
		revision := c.e.revision.Load()
		grant, err := c.admit(proof)
		if err != nil || !fits(grant) {
			return &wire.Refusal{Reason: wire.Unauthorised}
		}
		c.mu.Lock()
		c.grant, c.open = grant, true
		c.mu.Unlock()
		if c.e.revision.Load() == revision {
			return nil
		}
	}
}

func (c *circuit) admit(proof []byte) (Grant, error) {
	ctx, cancel := context.WithTimeout(c.e.background, admitTime)
	defer cancel()
	return c.e.gate.Admit(ctx, c.challenge, proof)
}

func (c *circuit) ping(request uint32, _ *wire.Ping) error {
	c.reply(request, &wire.Done{})
	return nil
}

// subscribe joins the topic before it looks at the channel: what is committed
// between reaches the subscription both ways, and the position sorts it out.
func (c *circuit) subscribe(request uint32, b *wire.Subscribe) error {
	if b.Credit > wire.MaxCredit {
		return &wire.Refusal{Reason: wire.TooMany}
	}
	grant, _ := c.granted()
	s := &subscription{circuit: c, request: request, next: b.From, credit: b.Credit}
	c.mu.Lock()
	if c.subs == nil {
		c.subs = map[uint32]*subscription{}
	}
	full := len(c.subs) >= wire.MaxSubscriptions
	c.mu.Unlock()
	if full {
		return &wire.Refusal{Reason: wire.TooMany}
	}
	c.e.join(b.Channel, s)
	state, refusal := c.look(grant.Category, b)
	if refusal != nil {
		c.e.leave(s)
		c.reply(request, refusal)
		return nil
	}
	s.topic.learn(state)
	c.reply(request, &wire.Subscribed{First: state.First, Next: state.Next, Sealed: state.Sealed})
	c.mu.Lock()
	defer c.mu.Unlock()
	c.subs[request] = s
	s.active = true
	if c.wakeLocked(s); s.credit == 0 && state.Sealed && state.Next == b.From {
		s.credit = 1 // to send the end, which needs none
		c.wakeLocked(s)
	}
	return nil
}

// look checks where a subscription would start.
func (c *circuit) look(category Category, b *wire.Subscribe) (State, *wire.Refusal) {
	state, err := c.e.store.Channel(category, b.Channel, b.Read)
	var code wire.Code
	switch {
	case errors.As(err, &code):
		return state, &wire.Refusal{Reason: code}
	case err != nil:
		c.e.log.Error("the store could not be read", slog.Any("error", err))
		return state, &wire.Refusal{Reason: wire.Busy}
	case b.From < state.First:
		return state, &wire.Refusal{Reason: wire.Truncated, Seq: state.First}
	case b.From > state.Next:
		return state, &wire.Refusal{Reason: wire.Ahead, Seq: state.Next}
	}
	return state, nil
}

func (c *circuit) moreCredit(request uint32, b *wire.Credit) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.subs[request]
	if s == nil {
		if request > c.lastRequest || request == 0 {
			return &wire.Refusal{Reason: wire.OutOfState}
		}
		return nil // it has ended meanwhile
	}
	if b.Cells > wire.MaxCredit || s.credit+b.Cells > wire.MaxCredit {
		return &wire.Refusal{Reason: wire.TooMany}
	}
	s.credit += b.Cells
	c.wakeLocked(s)
	return nil
}

func (c *circuit) unsubscribe(request uint32, b *wire.Unsubscribe) error {
	c.mu.Lock()
	s := c.subs[b.Subscription]
	c.mu.Unlock()
	if s != nil {
		c.drop(s)
	}
	c.reply(request, &wire.Done{})
	return nil
}

// getBlob reads the blob when its turn to be written comes.
func (c *circuit) getBlob(request uint32, b *wire.BlobGet) error {
	grant, _ := c.granted()
	c.enqueue(reply{request: request, load: func() wire.Body {
		data, err := c.e.store.Blob(grant.Category, b.Blob, b.Cap)
		var code wire.Code
		switch {
		case errors.As(err, &code):
			return &wire.Refusal{Reason: code}
		case err != nil:
			c.e.log.Error("the store could not be read", slog.Any("error", err))
			return &wire.Refusal{Reason: wire.Busy}
		}
		return &wire.Blob{Data: data}
	}})
	return nil
}
