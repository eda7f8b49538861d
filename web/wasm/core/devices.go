package core

import (
	"context"
	"errors"
	"sync"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

const devices = "devices" // the conversation that the devices' names are sealed in

// linking is the link that a page has open.
type linking struct {
	mu   sync.Mutex
	link *client.Linking
	now  *page.Linking // nil: none
}

// Devices implements [page.Core].
func (c *Core) Devices(ctx context.Context, _ bridge.None) (page.Devices, error) {
	cl, err := c.open()
	if err != nil {
		return page.Devices{}, err
	}
	all, err := cl.Devices(ctx)
	if err != nil {
		return page.Devices{}, err
	}
	v := c.view()
	out := page.Devices{Devices: list(all, v.device)}
	c.linking.mu.Lock()
	defer c.linking.mu.Unlock()
	if c.linking.now != nil {
		now := *c.linking.now
		out.Linking = &now
	}
	return out, nil
}

func (v view) device(d client.Device) page.Device {
	id := d.ID.String()
	out := page.Device{ID: id, Sealed: v.veil != nil, Name: v.text(devices, id, d.Name), Self: d.Self, Added: d.Added}
	if p := d.History; p != nil {
		out.History = &page.Coming{Done: p.Done, Total: p.Total}
	}
	return out
}

// LinkDevice implements [page.Core]. What becomes of the link is announced.
func (c *Core) LinkDevice(ctx context.Context, _ bridge.None) (page.Linking, error) {
	cl, err := c.open()
	if err != nil {
		return page.Linking{}, err
	}
	l, err := cl.LinkDevice(ctx)
	if err != nil {
		return page.Linking{}, err
	}
	begun := page.Linking{Phase: "waiting", Link: l.URL(), Expires: l.Expires()}
	c.linking.mu.Lock()
	c.linking.link, c.linking.now = l, &begun
	c.linking.mu.Unlock()
	go func() { //nolint:gosec // G118: it outlives the call, and ends with the link, after ten minutes at most
		found, err := l.Wait(context.Background())
		if err != nil {
			c.linked(l, func(p *page.Linking) { p.Phase, p.Failure = "failed", Code(err) })
			return
		}
		c.linked(l, func(p *page.Linking) { p.Phase, p.Name, p.Code = "asked", found.Name, found.Code })
	}()
	return begun, nil
}

// linked changes what is known of a link, unless another one took its place, and
// tells the page.
func (c *Core) linked(l *client.Linking, change func(*page.Linking)) {
	c.linking.mu.Lock()
	if c.linking.link != l {
		c.linking.mu.Unlock()
		return
	}
	next := *c.linking.now
	change(&next)
	if c.linking.now = &next; next.Phase == "done" || next.Phase == "failed" {
		c.linking.link, c.linking.now = nil, nil
	}
	c.linking.mu.Unlock()
	c.cfg.Announce("linking", next)
}

// ConfirmDevice implements [page.Core].
func (c *Core) ConfirmDevice(ctx context.Context, _ bridge.None) (bridge.None, error) {
	c.linking.mu.Lock()
	l := c.linking.link
	c.linking.mu.Unlock()
	if l == nil {
		return bridge.None{}, client.ErrLinkOver
	}
	c.linked(l, func(p *page.Linking) { p.Phase = "confirming" })
	if err := l.Confirm(ctx); err != nil {
		c.linked(l, func(p *page.Linking) { p.Phase, p.Failure = "failed", Code(err) })
		return bridge.None{}, errors.Join(err, l.Cancel(ctx))
	}
	c.linked(l, func(p *page.Linking) { p.Phase = "done" })
	return bridge.None{}, nil
}

// CancelLink implements [page.Core].
func (c *Core) CancelLink(ctx context.Context, _ bridge.None) (bridge.None, error) {
	c.linking.mu.Lock()
	l := c.linking.link
	c.linking.link, c.linking.now = nil, nil
	c.linking.mu.Unlock()
	if l == nil {
		return bridge.None{}, nil
	}
	return bridge.None{}, l.Cancel(ctx)
}

// RemoveDevice implements [page.Core].
func (c *Core) RemoveDevice(ctx context.Context, in page.ID) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	id, err := client.ParseDeviceID(in.ID)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.RemoveDevice(ctx, id)
}

// RenameDevice implements [page.Core].
func (c *Core) RenameDevice(ctx context.Context, in page.DeviceName) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	id, err := client.ParseDeviceID(in.ID)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.RenameDevice(ctx, id, in.Name)
}

// SkipHistory implements [page.Core].
func (c *Core) SkipHistory(ctx context.Context, _ bridge.None) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.SkipHistory(ctx)
}

// announceDevices tells the page which devices there are now.
func (c *Core) announceDevices() {
	if all, err := c.Devices(context.Background(), bridge.None{}); err == nil {
		c.cfg.Announce("devices", all)
	}
}

// comeIn makes this device a further one of a member, and shows the page the digits.
func (c *Core) comeIn(ctx context.Context, cfg client.Config, link, name string) (*client.Client, error) {
	return client.Link(ctx, cfg, link, name, func(code string) {
		c.cfg.Announce("linking", page.Linking{Phase: "asked", Name: name, Code: code})
	})
}
