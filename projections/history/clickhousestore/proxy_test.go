package clickhousestore_test

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
)

// cut is what stands between a portal and its database, and cuts off a statement once:
// before it arrives, or before it is answered. Or it does something first, and cuts
// nothing off.
type cut struct {
	at       string // how the statement begins
	answered bool   // by the database
	first    func()
	done     atomic.Bool
}

// between returns the URL of a database by way of a cut.
func between(t *testing.T, database string, c *cut) string {
	t.Helper()
	to, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	if to.Scheme == "http" {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: to.Scheme, Host: to.Host})
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.overHTTP(w, r, proxy) }))
		t.Cleanup(s.Close)
		return s.URL + to.Path
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial("tcp", to.Host)
			if err != nil {
				client.Close()
				continue
			}
			w := &wire{cut: c, client: client, server: server}
			go w.up()
			go w.down()
		}
	}()
	return to.Scheme + "://" + l.Addr().String() + to.Path
}

func (c *cut) overHTTP(w http.ResponseWriter, r *http.Request, proxy http.Handler) {
	statement := r.URL.Query().Get("query")
	if statement == "" {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		statement, r.Body = string(body), io.NopCloser(bytes.NewReader(body))
	}
	if !strings.HasPrefix(statement, c.at) || !c.done.CompareAndSwap(false, true) {
		proxy.ServeHTTP(w, r)
		return
	}
	if c.first != nil {
		c.first()
		proxy.ServeHTTP(w, r)
		return
	}
	if c.answered {
		proxy.ServeHTTP(httptest.NewRecorder(), r)
	}
	panic(http.ErrAbortHandler)
}

// wire is a connection of the native protocol by way of a cut. Client and server speak
// by turns: a statement, its answer; of an INSERT what the table is like, the rows, the
// answer.
type wire struct {
	*cut
	client, server net.Conn
	turn           atomic.Int32
}

const (
	before    = iota // the statement that is cut off has not come
	said             // it has
	described        // it is an INSERT, and the client knows what the table is like
	sent             // the rows follow
)

func (w *wire) close() {
	w.client.Close()
	w.server.Close()
}

// up passes on what the client says.
func (w *wire) up() {
	defer w.close()
	buf := make([]byte, 1<<16)
	for {
		n, err := w.client.Read(buf)
		if bytes.Contains(buf[:n], []byte(w.at)) && w.done.CompareAndSwap(false, true) {
			switch {
			case w.first != nil:
				w.first()
			case w.answered:
				w.turn.Store(said)
			default:
				return
			}
		}
		w.turn.CompareAndSwap(described, sent)
		if _, failed := w.server.Write(buf[:n]); failed != nil || err != nil {
			return
		}
	}
}

// down passes on what the server says, but for the answer that is cut off.
func (w *wire) down() {
	defer w.close()
	buf := make([]byte, 1<<16)
	for {
		n, err := w.server.Read(buf)
		switch w.turn.Load() {
		case said:
			if !strings.HasPrefix(w.at, "INSERT") {
				return
			}
			w.turn.Store(described)
		case sent:
			return
		}
		if _, failed := w.client.Write(buf[:n]); failed != nil || err != nil {
			return
		}
	}
}
