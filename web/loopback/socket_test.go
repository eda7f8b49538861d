package loopback_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// A socket is a browser's WebSocket (RFC 6455) with small binary messages, over
// plain HTTP as a page from loopback has it.
type socket struct {
	net.Conn
	in *bufio.Reader
}

func upgrade(t *testing.T, c *http.Client, host string) *socket {
	t.Helper()
	conn, err := (&net.Dialer{Timeout: 5 * time.Second}).DialContext(t.Context(), "tcp", host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		t.Fatal(err)
	}
	cookie := c.Jar.Cookies(&url.URL{Scheme: "http", Host: host, Path: "/"})[0]
	if _, err := fmt.Fprintf(conn, "GET /circuit HTTP/1.1\r\nHost: %s\r\nOrigin: http://%s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nCookie: %s=%s\r\n\r\n", host, host, cookie.Name, cookie.Value); err != nil {
		t.Fatal(err)
	}
	s := &socket{conn, bufio.NewReader(conn)}
	res, err := http.ReadResponse(s.in, nil) //nolint:bodyclose // after an upgrade the body is the connection
	if err != nil || res.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("upgrade: %v %v", res, err)
	}
	return s
}

// send sends one masked frame, as a client must.
func (s *socket) send(t *testing.T, text string) {
	t.Helper()
	frame := append([]byte{0x82, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...)
	if _, err := s.Write(frame); err != nil {
		t.Fatal(err)
	}
}

func (s *socket) receive(t *testing.T) (string, error) {
	t.Helper()
	var head [2]byte
	if _, err := io.ReadFull(s.in, head[:]); err != nil {
		return "", err
	}
	n := int(head[1])
	if n == 126 {
		var long [2]byte
		if _, err := io.ReadFull(s.in, long[:]); err != nil {
			return "", err
		}
		n = int(binary.BigEndian.Uint16(long[:]))
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(s.in, body); err != nil {
		return "", err
	}
	if head[0] != 0x82 {
		return "", io.EOF
	}
	return string(body), nil
}
