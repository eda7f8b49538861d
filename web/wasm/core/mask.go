package core

import (
	"context"
	"strings"
	"time"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
	"bulle/web/wasm/veil"
)

// view returns how things are shown now.
func (c *Core) view() view {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mask.On {
		return view{veil: c.veil}
	}
	return view{}
}

func (c *Core) masked() bool { return c.view().veil != nil }

func (c *Core) shown() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mask.Shown == 0 {
		return veil.DefaultShown
	}
	return c.mask.Shown
}

// SetMask implements [page.Core]. The page is told to load everything anew.
func (c *Core) SetMask(_ context.Context, in page.NewMask) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	if c.masked() && !in.On && !c.veil.Allow("unmask", in.Answer) {
		return bridge.None{}, veil.ErrMasked
	}
	mask := client.Mask{On: in.On, Shown: max(veil.MinShown, min(time.Duration(in.Seconds)*time.Second, veil.MaxShown))}
	if err := cl.SetMask(mask); err != nil {
		return bridge.None{}, err
	}
	c.mu.Lock()
	c.mask = mask
	c.mu.Unlock()
	c.veil.Cover()
	c.cfg.Announce("missed", bridge.None{})
	return bridge.None{}, nil
}

// Arm implements [page.Core].
func (c *Core) Arm(_ context.Context, in page.Key) (bridge.None, error) {
	defer clear(in.Key)
	return bridge.None{}, c.veil.Arm(in.Key)
}

// Challenge implements [page.Core].
func (c *Core) Challenge(context.Context, bridge.None) (page.Challenge, error) {
	return page.Challenge{Challenge: c.veil.Challenge()}, nil
}

// Reveal implements [page.Core].
func (c *Core) Reveal(_ context.Context, in page.Reveal) (bridge.None, error) {
	how, shown := "timed", c.shown()
	if in.Held {
		how, shown = "held", veil.MaxShown
	}
	purpose := strings.Join([]string{"reveal", in.Conversation, in.Item, how}, "\n")
	return bridge.None{}, c.veil.Reveal(scope(page.Item{Conversation: in.Conversation, Item: in.Item}), purpose, in.Answer, shown)
}

// Unseal implements [page.Core].
func (c *Core) Unseal(_ context.Context, in page.Sealed) (page.Texts, error) {
	out := page.Texts{Texts: make([]string, len(in.Sealed))}
	for i, sealed := range in.Sealed {
		var err error
		if out.Texts[i], err = c.veil.Open(veil.Scope{Conversation: in.Conversation, Item: in.Item}, sealed); err != nil {
			return page.Texts{}, err
		}
	}
	return out, nil
}

// Shorten implements [page.Core]: a held reveal becomes a timed one.
func (c *Core) Shorten(context.Context, bridge.None) (bridge.None, error) {
	c.veil.Shorten(c.shown())
	return bridge.None{}, nil
}

// Spend implements [page.Core].
func (c *Core) Spend(_ context.Context, in page.Item) (bridge.None, error) {
	c.veil.Spend(scope(in))
	return bridge.None{}, nil
}

// Cover implements [page.Core].
func (c *Core) Cover(context.Context, bridge.None) (bridge.None, error) {
	c.veil.Cover()
	return bridge.None{}, nil
}

func scope(in page.Item) veil.Scope { return veil.Scope{Conversation: in.Conversation, Item: in.Item} }

// mayRead refuses what the mask hides now.
func (c *Core) mayRead(conversation, item string) error {
	if c.masked() && !c.veil.Shows(veil.Scope{Conversation: conversation, Item: item}) {
		return veil.ErrMasked
	}
	return nil
}
