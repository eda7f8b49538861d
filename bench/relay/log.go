package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"bulle/protocol/wire"
	"bulle/server/relay"
)

// A logStore is the least that can be called durable: cells go to the end of one
// file, and one fdatasync acknowledges a group of them. It checks no cap, keeps no
// index and deletes nothing.
type logStore struct {
	file *os.File
	size int64

	mu       sync.Mutex
	channels map[wire.ID]*logChannel
}

type logChannel struct {
	next uint64
	runs []logRun
}

type logRun struct {
	first uint64
	at    int64
	size  int
}

func openLog(name string) (*logStore, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // G304: the bench's own directory
	if err != nil {
		return nil, err
	}
	return &logStore{file: file, channels: map[wire.ID]*logChannel{}}, nil
}

// Commit implements [relay.Store].
func (s *logStore) Commit(changes []relay.Change) ([]wire.Body, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	replies := make([]wire.Body, len(changes))
	var group []byte
	for i, change := range changes {
		replies[i] = &wire.Done{}
		switch b := change.Body.(type) {
		case *wire.Create:
			s.channels[b.Channel] = &logChannel{}
		case *wire.AppendCells:
			c := s.channels[b.Channel]
			c.runs = append(c.runs, logRun{c.next, s.size + int64(len(group)), len(b.Cells)})
			group = append(group, b.Cells...)
			replies[i] = &wire.Appended{First: c.next}
			c.next += uint64(b.Cells.Count()) //nolint:gosec // G115: a count
		}
	}
	if len(group) == 0 {
		return replies, nil
	}
	return replies, s.write(group)
}

func (s *logStore) write(group []byte) error {
	if _, err := s.file.WriteAt(group, s.size); err != nil {
		return err
	}
	s.size += int64(len(group))
	return syscall.Fdatasync(int(s.file.Fd()))
}

// Channel implements [relay.Store].
func (s *logStore) Channel(_ relay.Category, id wire.ID, _ wire.Cap) (relay.State, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return relay.State{Next: s.channels[id].next}, nil
}

// Read implements [relay.Store].
func (s *logStore) Read(id wire.ID, from uint64) (uint64, wire.Cells, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.channels[id].runs {
		if skip := int64(from-r.first) * wire.CellSize; from >= r.first && skip < int64(r.size) { //nolint:gosec // G115: small
			cells := make(wire.Cells, int64(r.size)-skip)
			_, err := s.file.ReadAt(cells, r.at+skip)
			return from, cells, err
		}
	}
	return from, nil, nil
}

// Blob implements [relay.Store].
func (*logStore) Blob(relay.Category, wire.ID, wire.Cap) ([]byte, error) { return nil, wire.NotFound }

// Maintain implements [relay.Store].
func (*logStore) Maintain(context.Context) error { return nil }

// Close implements [relay.Store].
func (s *logStore) Close() error { return s.file.Close() }

// bareLog measures the log alone: as many appenders as the relay has senders hand
// their cells to one committer and wait.
func bareLog(name string, o options) (cellsPerSecond float64, err error) {
	s, err := openLog(name)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	type append_ struct {
		cells wire.Cells
		done  chan struct{}
	}
	queue := make(chan append_, 256)
	var total atomic.Int64
	var appenders, committer sync.WaitGroup
	end := time.Now().Add(o.time)
	for range max(1, o.circuits/2) {
		appenders.Go(func() {
			a := append_{make(wire.Cells, o.cells*wire.CellSize), make(chan struct{})}
			for time.Now().Before(end) {
				queue <- a
				<-a.done
				total.Add(int64(o.cells))
			}
		})
	}
	committer.Go(func() {
		var group []byte
		for a := range queue {
			waiting := []append_{a}
			group = append(group[:0], a.cells...)
			for more := true; more; {
				select {
				case a, ok := <-queue:
					if more = ok; ok {
						waiting = append(waiting, a)
						group = append(group, a.cells...)
					}
				default:
					more = false
				}
			}
			if e := s.write(group); e != nil {
				err = fmt.Errorf("the bare log: %w", e)
			}
			for _, a := range waiting {
				a.done <- struct{}{}
			}
		}
	})
	appenders.Wait()
	close(queue)
	committer.Wait()
	return float64(total.Load()) / o.time.Seconds(), err
}
