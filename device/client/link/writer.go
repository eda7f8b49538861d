package link

import (
	"context"
	"errors"
	"fmt"
	"time"

	"bulle/protocol/wire"
)

// enqueue numbers a request and puts it into a frame.
func (p *peer) enqueue(body wire.Body, reply chan wire.Body, s stream) (uint32, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason != nil {
		return 0, offline(p.reason)
	}
	if p.number == 1<<32-1 {
		p.failLocked(errors.New("all request numbers are used"))
		return 0, offline(p.reason)
	}
	if s != nil && len(p.streams) >= wire.MaxSubscriptions-cap(p.slots) { // some may be ending
		return 0, ErrTooMany
	}
	number := p.number + 1
	if err := p.appendLocked(wire.Message{Request: number, Body: body}); err != nil {
		return 0, err
	}
	p.number = number
	p.pending[number] = pending{reply: reply, since: time.Now()}
	if s != nil {
		p.streams[number] = s
	}
	return number, nil
}

// post sends a message that has no reply.
func (p *peer) post(m wire.Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reason == nil {
		_ = p.appendLocked(m) // such a message is a few bytes and always fits
	}
}

// appendLocked puts a message into the last frame, or into a new one.
func (p *peer) appendLocked(m wire.Message) error {
	if n := len(p.frames); n > 0 && p.messages < wire.MaxMessages {
		last := p.frames[n-1]
		longer, err := wire.Append(last, m)
		if err != nil {
			return tooLarge(err)
		}
		if len(longer) <= wire.MaxFrame {
			p.frames[n-1] = longer
			p.messages++
			return nil
		}
	}
	frame, err := wire.Append(p.spare[:0], m)
	if err != nil {
		return tooLarge(err)
	}
	if len(frame) > wire.MaxFrame {
		return ErrTooLarge
	}
	p.spare = nil
	p.frames = append(p.frames, frame)
	p.messages = 1
	select {
	case p.wake <- struct{}{}:
	default:
	}
	return nil
}

func tooLarge(err error) error { return fmt.Errorf("%w: %w", ErrTooLarge, err) }

// write hands frames to the transport until the connection fails.
func (p *peer) write(life context.Context) {
	defer p.wait.Done()
	for {
		select {
		case <-p.wake:
		case <-p.done:
			return
		}
		for frame := p.takeFrame(); frame != nil; frame = p.takeFrame() {
			ctx, cancel := context.WithTimeout(life, p.timing.Write)
			err := p.conn.Write(ctx, frame)
			err = lost(ctx, err)
			cancel()
			if err != nil {
				p.fail(err)
				return
			}
			p.written(frame)
		}
	}
}

func (p *peer) takeFrame() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.frames) == 0 {
		return nil
	}
	frame := p.frames[0]
	p.frames[0] = nil
	if p.frames = p.frames[1:]; len(p.frames) == 0 {
		p.frames = nil
	}
	p.sent = time.Now()
	return frame
}

// written keeps a frame's memory for the next one.
func (p *peer) written(frame []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if cap(frame) > cap(p.spare) {
		p.spare = frame[:0]
	}
}
