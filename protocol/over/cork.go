//go:build !js

package over

import (
	"net"
	"sync"
)

// A cork gathers the small writes of one WebSocket frame into whole TLS records.
// Without it each header would be a record, and a system call, of its own.
type cork struct {
	net.Conn
	buffers *Buffers

	mu  sync.Mutex
	buf *[recordSize]byte // nil while the cork is out
	n   int               // bytes of buf that wait
}

// in starts gathering.
func (c *cork) in() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf, c.n = c.buffers.get(), 0
}

// out sends what was gathered and lets writes pass again.
func (c *cork) out() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	err := c.flushLocked()
	c.buffers.put(c.buf)
	c.buf = nil
	return err
}

// Write implements [net.Conn].
func (c *cork) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.buf == nil {
		return c.Conn.Write(p)
	}
	total := len(p)
	for len(p) > 0 {
		if c.n == 0 && len(p) >= recordSize {
			if _, err := c.Conn.Write(p[:recordSize]); err != nil {
				return 0, err
			}
			p = p[recordSize:]
			continue
		}
		n := copy(c.buf[c.n:], p)
		c.n += n
		p = p[n:]
		if c.n == recordSize {
			if err := c.flushLocked(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

func (c *cork) flushLocked() error {
	if c.n == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.buf[:c.n])
	c.n = 0
	return err
}
