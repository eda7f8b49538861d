package core

import (
	"context"
	"time"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

// React implements [page.Core].
func (c *Core) React(_ context.Context, in page.Reacting) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.React(id, m, in.Emoji)
}

// Edit implements [page.Core].
func (c *Core) Edit(_ context.Context, in page.Editing) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Edit(id, m, in.Text)
}

// Delete implements [page.Core].
func (c *Core) Delete(_ context.Context, in page.Deletion) (bridge.None, error) {
	cl, id, m, err := c.at(in.Conversation, in.Message)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.DeleteMessage(id, m, in.Everyone)
}

// SetTimer implements [page.Core].
func (c *Core) SetTimer(_ context.Context, in page.Timer) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.SetTimer(id, time.Duration(in.Seconds)*time.Second)
}

// replyTo reads which message a draft replies to; empty is none.
func replyTo(message string) (client.MessageID, error) {
	if message == "" {
		return client.MessageID{}, nil
	}
	return client.ParseMessageID(message)
}
