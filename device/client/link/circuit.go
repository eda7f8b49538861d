package link

import (
	"context"
	"fmt"

	"bulle/protocol/wire"
)

// A Circuit is one open connection to a relay on which objects are used. It lasts
// until it breaks or is closed; a [Link] makes new ones by itself.
type Circuit struct{ peer *peer }

var (
	_ Session = (*Circuit)(nil)
	_ Session = (*Link)(nil)
)

// OpenCircuit connects once.
func OpenCircuit(ctx context.Context, cfg Config) (*Circuit, error) {
	cfg, err := cfg.validate()
	if err != nil {
		return nil, err
	}
	p, err := connect(ctx, &cfg, circuitPath)
	if err != nil {
		return nil, fmt.Errorf("open a circuit: %w", err)
	}
	return &Circuit{p}, nil
}

// Close ends the circuit and what is under way on it.
func (c *Circuit) Close() error {
	c.peer.close()
	return nil
}

// Create implements [Session].
func (c *Circuit) Create(ctx context.Context, ch Channel) error {
	return c.do(ctx, "create a channel", &wire.Create{
		Channel: ch.ID, Read: ch.Read.Hash(), Write: ch.Write.Hash(), Control: ch.Control.Hash(), Class: ch.Class,
	})
}

// Append implements [Session].
func (c *Circuit) Append(ctx context.Context, ch ID, write Cap, cells [][]byte) (uint64, error) {
	return c.append(ctx, &wire.AppendCells{Channel: ch, Write: write}, cells)
}

// Seal implements [Session].
func (c *Circuit) Seal(ctx context.Context, ch ID, write, control Cap, cells [][]byte) (uint64, error) {
	return c.append(ctx, &wire.AppendCells{Channel: ch, Write: write, Control: &control}, cells)
}

func (c *Circuit) append(ctx context.Context, body *wire.AppendCells, cells [][]byte) (uint64, error) {
	if len(cells) == 0 || len(cells) > wire.MaxCells {
		return 0, fmt.Errorf("append %d cells: %w", len(cells), ErrTooLarge)
	}
	for _, cell := range cells {
		if len(cell) != CellSize {
			return 0, fmt.Errorf("append a cell of %d bytes: %w", len(cell), ErrTooLarge)
		}
	}
	body.Cells = wire.Join(cells)
	reply, err := ask[*wire.Appended](ctx, c.peer, "append to a channel", body)
	if err != nil {
		return 0, err
	}
	return reply.First, nil
}

// Truncate implements [Session].
func (c *Circuit) Truncate(ctx context.Context, ch ID, control Cap, upTo uint64) error {
	return c.do(ctx, "truncate a channel", &wire.Truncate{Channel: ch, Control: control, UpTo: upTo})
}

// CreatePool implements [Session].
func (c *Circuit) CreatePool(ctx context.Context, p Pool) error {
	return c.do(ctx, "create a pool", &wire.CreatePool{
		Pool: p.ID, Put: p.Put.Hash(), Take: p.Take.Hash(), Class: p.Class,
	})
}

// Put implements [Session].
func (c *Circuit) Put(ctx context.Context, pool ID, put Cap, item []byte, lastResort bool) (int, error) {
	body := &wire.Put{Pool: pool, Cap: put, Item: item, LastResort: lastResort}
	reply, err := ask[*wire.Count](ctx, c.peer, "put into a pool", body)
	if err != nil {
		return 0, err
	}
	return int(reply.Items), nil
}

// Take implements [Session].
func (c *Circuit) Take(ctx context.Context, pool ID, take Cap) ([]byte, error) {
	reply, err := ask[*wire.Item](ctx, c.peer, "take from a pool", &wire.Take{Pool: pool, Cap: take})
	if err != nil {
		return nil, err
	}
	return reply.Item, nil
}

// PutBlob implements [Session].
func (c *Circuit) PutBlob(ctx context.Context, b Blob) error {
	return c.do(ctx, "put a blob", &wire.BlobPut{
		Blob: b.ID, Read: b.Read.Hash(), Delete: b.Delete.Hash(), Class: b.Class, Data: b.Data,
	})
}

// GetBlob implements [Session].
func (c *Circuit) GetBlob(ctx context.Context, id ID, read Cap) ([]byte, error) {
	reply, err := ask[*wire.Blob](ctx, c.peer, "get a blob", &wire.BlobGet{Blob: id, Cap: read})
	if err != nil {
		return nil, err
	}
	return reply.Data, nil
}

// DeleteBlob implements [Session].
func (c *Circuit) DeleteBlob(ctx context.Context, id ID, del Cap) error {
	return c.do(ctx, "delete a blob", &wire.BlobDelete{Blob: id, Cap: del})
}

// renew proves anew that the circuit may stay open.
func (c *Circuit) renew(ctx context.Context, prove Prover) error {
	proof, err := prove(c.peer.challenge)
	if err != nil {
		return fmt.Errorf("prove who is here: %w", err)
	}
	return c.do(ctx, "renew a circuit", &wire.Renew{Proof: proof})
}

// do sends a request whose reply is Done.
func (c *Circuit) do(ctx context.Context, what string, body wire.Body) error {
	_, err := ask[*wire.Done](ctx, c.peer, what, body)
	return err
}

// ask sends a request whose reply is a B.
func ask[B wire.Body](ctx context.Context, p *peer, what string, body wire.Body) (B, error) {
	var none B
	_, reply, err := p.call(ctx, body, nil)
	if err != nil {
		return none, fmt.Errorf("%s: %w", what, err)
	}
	b, ok := reply.(B)
	if !ok {
		p.fail(fmt.Errorf("%w: %v answers %v", ErrProtocol, reply.Kind(), body.Kind()))
		return none, fmt.Errorf("%s: %w", what, p.failure())
	}
	return b, nil
}
