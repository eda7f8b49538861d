package core

import (
	"context"

	"bulle/device/client"
	"bulle/web/wasm/bridge"
	"bulle/web/wasm/page"
)

// CreateGroup implements [page.Core].
func (c *Core) CreateGroup(ctx context.Context, in page.NewGroup) (page.Conversation, error) {
	cl, err := c.open()
	if err != nil {
		return page.Conversation{}, err
	}
	members, err := memberIDs(in.Members)
	if err != nil {
		return page.Conversation{}, err
	}
	g, err := cl.CreateGroup(ctx, in.Name, members)
	return c.view().conversation(g), err
}

// AddMembers implements [page.Core].
func (c *Core) AddMembers(ctx context.Context, in page.Membership) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	members, err := memberIDs(in.Members)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.AddMembers(ctx, id, members)
}

// RemoveMembers implements [page.Core].
func (c *Core) RemoveMembers(ctx context.Context, in page.Membership) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	members, err := memberIDs(in.Members)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.RemoveMembers(ctx, id, members)
}

// SetRole implements [page.Core].
func (c *Core) SetRole(ctx context.Context, in page.Role) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	member, err := client.ParseMemberID(in.Member)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.SetRole(ctx, id, member, in.Admin)
}

// Leave implements [page.Core].
func (c *Core) Leave(ctx context.Context, in page.ID) (bridge.None, error) {
	cl, id, err := c.in(in.ID)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Leave(ctx, id)
}

// Rename implements [page.Core].
func (c *Core) Rename(ctx context.Context, in page.Naming) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Rename(ctx, id, in.Name)
}

// SafetyNumber implements [page.Core].
func (c *Core) SafetyNumber(_ context.Context, in page.ID) (page.SafetyNumber, error) {
	n, err := c.safetyNumber(in.ID)
	return page.SafetyNumber{Digits: n.Digits, Words: n.Words, Payload: n.Payload}, err
}

// Compare implements [page.Core].
func (c *Core) Compare(_ context.Context, in page.Scan) (page.Match, error) {
	n, err := c.safetyNumber(in.Member)
	return page.Match{Matches: err == nil && n.Matches(in.Payload)}, err
}

func (c *Core) safetyNumber(member string) (client.SafetyNumber, error) {
	cl, err := c.open()
	if err != nil {
		return client.SafetyNumber{}, err
	}
	id, err := client.ParseMemberID(member)
	if err != nil {
		return client.SafetyNumber{}, err
	}
	return cl.SafetyNumber(id)
}

// MarkVerified implements [page.Core].
func (c *Core) MarkVerified(_ context.Context, in page.Verification) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	id, err := client.ParseMemberID(in.Member)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.MarkVerified(id, in.Verified)
}

// Block implements [page.Core].
func (c *Core) Block(_ context.Context, in page.Blocking) (bridge.None, error) {
	cl, err := c.open()
	if err != nil {
		return bridge.None{}, err
	}
	id, err := client.ParseMemberID(in.Member)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Block(id, in.Blocked)
}

// Mute implements [page.Core].
func (c *Core) Mute(_ context.Context, in page.Muting) (bridge.None, error) {
	cl, id, err := c.in(in.Conversation)
	if err != nil {
		return bridge.None{}, err
	}
	return bridge.None{}, cl.Mute(id, in.Muted)
}

func memberIDs(in []string) ([]client.MemberID, error) {
	out := make([]client.MemberID, len(in))
	for i, s := range in {
		var err error
		if out[i], err = client.ParseMemberID(s); err != nil {
			return nil, err
		}
	}
	return out, nil
}
