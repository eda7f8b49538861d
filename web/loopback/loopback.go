// Package loopback serves the web app to the one person at this machine, from a
// loopback address, and carries the page's circuits to a pinned relay. The page so
// comes from a binary that the person trusts and not from the relay, and no
// certificate is needed: a browser holds a loopback address to be secure.
//
//	bulle open --one-time address--> browser
//	page ----- ws, session cookie ----> bulle ----- wss, pinned key ----> relay
//
// Most callers need [New], [Server.Open] and [Server.Serve].
//
// Others on this machine, and pages of other origins, are kept out: the first
// address carries a token that works once, it is traded for a cookie that no script
// can read and no other site can send, and every request must name the loopback
// address itself, so that no name of somebody else's can point here (DNS rebinding).
// A desktop passes that address on its command lines, where every user of the machine
// can read it: on Linux the kernel says whose each connection is, and those of other
// users are refused, token or not.
package loopback

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"bulle/protocol/over"
	"bulle/web"
)

// Limits of a server: it serves one person.
const (
	tokenTime   = 5 * time.Minute  // how long the one-time address works
	requestTime = 30 * time.Second // for a file of the page
	shutTime    = 2 * time.Second
	maxCircuits = 64
	maxHeader   = 16 << 10
	cookieName  = "bulle"
	secretSize  = 32
)

// Config of [New]. Files, Relay, Pin and Listener are required.
type Config struct {
	Files    fs.FS        // the built app
	Relay    string       // host:port of the relay
	Pin      [32]byte     // SHA-256 of its TLS key
	Listener net.Listener // on a loopback address; the server closes it
	// Dial reaches the relay; over.Dial by default.
	Dial func(context.Context, over.Target, over.Options) (over.Conn, error)
	Now  func() time.Time // default time.Now
}

// A Server serves one person's page. Its methods may be called concurrently.
type Server struct {
	cfg     Config
	host    string // what every request must call us
	user    int    // whose connections are answered
	page    http.Handler
	session string
	slots   chan struct{}

	mu       sync.Mutex
	token    string // empty once it was used
	fragment string // for whoever comes with the token
	issued   time.Time
}

// ErrNotLoopback says that the listener could be reached from other machines.
var ErrNotLoopback = errors.New("the local page must listen on a loopback address")

// New returns a server on a listener, which it does not serve yet.
func New(cfg Config) (*Server, error) {
	addr, ok := cfg.Listener.Addr().(*net.TCPAddr)
	if !ok || !addr.IP.IsLoopback() {
		return nil, ErrNotLoopback
	}
	if cfg.Dial == nil {
		cfg.Dial = over.Dial
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Server{
		cfg:     cfg,
		host:    addr.String(),
		user:    os.Getuid(),
		page:    web.Handler(cfg.Files),
		session: newSecret(),
		slots:   make(chan struct{}, maxCircuits),
	}, nil
}

// Open returns an address that lets one browser in, once, within five minutes.
// fragment is handed to the page that comes with it; it may be empty. It is not in the
// address, which a desktop passes on its command lines, where every user of the machine
// can read it. A later call makes an earlier address useless.
func (s *Server) Open(fragment string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.fragment, s.issued = newSecret(), fragment, s.cfg.Now()
	return "http://" + s.host + enterPath + s.token
}

// Serve answers until ctx ends, then closes the listener and every circuit. It
// returns nil after an orderly end.
func (s *Server) Serve(ctx context.Context) error {
	life, end := context.WithCancel(ctx)
	defer end()
	var circuits sync.WaitGroup
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+enterPath+"{token}", s.enter)
	for _, path := range []string{"/circuit", "/governance"} {
		mux.HandleFunc("GET "+path, s.inside(func(w http.ResponseWriter, r *http.Request) { s.carry(life, &circuits, w, r, path) }))
	}
	mux.HandleFunc("/", s.inside(s.page.ServeHTTP))
	server := &http.Server{
		Handler:           s.local(mux),
		ReadHeaderTimeout: requestTime, ReadTimeout: requestTime, WriteTimeout: requestTime,
		MaxHeaderBytes: maxHeader,
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			uid, known := owner(c)
			return context.WithValue(ctx, strangerKey{}, known && uid != s.user)
		},
	}
	stopped := context.AfterFunc(life, func() {
		shut, done := context.WithTimeout(context.WithoutCancel(ctx), shutTime)
		defer done()
		_ = server.Shutdown(shut) // what it could not end, Close does
		_ = server.Close()
	})
	defer stopped()
	err := server.Serve(s.cfg.Listener)
	end()
	circuits.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve the local page: %w", err)
}

const enterPath = "/enter/"

// strangerKey is of what a connection's context says: it is another user's.
type strangerKey struct{}

// local refuses requests of other users, and those that were sent to another name or
// by another site's page.
func (s *Server) local(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if stranger, _ := r.Context().Value(strangerKey{}).(bool); stranger {
			http.Error(w, "This is the page of another user of this machine.", http.StatusForbidden)
			return
		}
		site, origin := r.Header.Get("Sec-Fetch-Site"), r.Header.Get("Origin")
		// Cookies are sent to every port of a host, and not every browser says Sec-Fetch-Site of a
		// WebSocket: its Origin tells whose page opened it.
		foreign := site != "" && site != "same-origin" && site != "none" || origin != "" && origin != "http://"+s.host
		if r.Host != s.host || foreign {
			http.Error(w, "not here", http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// enter trades the token for the session's cookie, and leads to the page with the
// fragment.
func (s *Server) enter(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	fresh := s.token != "" && s.cfg.Now().Sub(s.issued) < tokenTime
	ok := fresh && equal(r.PathValue("token"), s.token)
	to := "/"
	if ok {
		if s.fragment != "" {
			to += "#" + s.fragment
		}
		s.token, s.fragment = "", ""
	}
	s.mu.Unlock()
	if !ok {
		http.Error(w, "This address was used already, or is too old. Run bulle open again.", http.StatusForbidden)
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: a loopback address has no TLS, so the cookie cannot be Secure
		Name: cookieName, Value: s.session, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
	})
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Location", to) // http.Redirect would tidy the fragment up
	w.WriteHeader(http.StatusSeeOther)
}

// inside lets only the session's browser through.
func (s *Server) inside(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		cookie, err := r.Cookie(cookieName)
		if err != nil || !equal(cookie.Value, s.session) {
			http.Error(w, "Start Bulle with the command: bulle open", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

func newSecret() string {
	b := make([]byte, secretSize)
	rand.Read(b) // never fails (crypto/rand)
	return base64.RawURLEncoding.EncodeToString(b)
}
