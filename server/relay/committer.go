package relay

import (
	"log/slog"

	"bulle/protocol/wire"
)

const (
	// maxQueued is how many requests may wait for the committer; readers of
	// circuits wait beyond it, and so do their clients.
	maxQueued = 256
	// maxGroup is how many requests one commit may carry out.
	maxGroup = 512
	// maxGroupBytes is the size of cells and blobs at which a group is closed.
	maxGroupBytes = 4 << 20
)

// pending is a request that waits for the committer.
type pending struct {
	circuit *circuit
	request uint32
	change  Change
}

// commitAll is the committer: it takes what waits, has the store make it durable
// in one go, and tells those concerned. While it waits for the disk the next
// group gathers, so that its size follows the load by itself.
func (e *Engine) commitAll() {
	var group []pending
	var changes []Change
	for first := range e.queue {
		group = append(group[:0], first)
		e.gather(&group)
		changes = changes[:0]
		for i := range group {
			changes = append(changes, group[i].change)
		}
		e.commit(group, changes)
		clear(group)
		clear(changes)
	}
}

// gather adds to a group what else waits already.
func (e *Engine) gather(group *[]pending) {
	size := sizeOf((*group)[0].change.Body)
	for len(*group) < maxGroup && size < maxGroupBytes {
		select {
		case p, ok := <-e.queue:
			if !ok {
				return
			}
			size += sizeOf(p.change.Body)
			*group = append(*group, p)
		default:
			return
		}
	}
}

func sizeOf(b wire.Body) int {
	switch b := b.(type) {
	case *wire.AppendCells:
		return len(b.Cells)
	case *wire.BlobPut:
		return len(b.Data)
	case *wire.Put:
		return len(b.Item)
	}
	return 0
}

func (e *Engine) commit(group []pending, changes []Change) {
	replies, err := e.store.Commit(changes)
	if err != nil {
		e.log.Error("the store failed", slog.Any("error", err), slog.Int("requests", len(group)))
		for _, p := range group {
			p.circuit.fail(p.request, wire.Internal)
		}
		return
	}
	for i, p := range group {
		if done, ok := replies[i].(*wire.Appended); ok {
			b := p.change.Body.(*wire.AppendCells)
			e.publish(b.Channel, run{first: done.First, cells: b.Cells}, b.Control != nil)
		}
		p.circuit.reply(p.request, replies[i])
	}
}
