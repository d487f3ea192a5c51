// Package native speaks ClickHouse's native protocol as a server does, over an engine
// that reads and writes blocks of revision 0: for tests, and for one client,
// clickhouse-go. [Server] answers connections; [Engine] is what it needs. See
// https://clickhouse.com/docs/native-protocol.
package native

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
)

// Engine runs statements.
type Engine interface {
	// Open begins a session in a database; "" is the default one.
	Open(database string, settings map[string]string) (Session, error)
}

// Session is for one statement. Parameters are escaped as in a TSV file, and blocks
// in the format Native of revision 0. Errors begin with the words "Code: N.".
type Session interface {
	// Reads reports whether a statement only reads: it has columns, if no rows.
	Reads(query string) bool
	// Describe tells the columns of a table, or of a query in brackets.
	Describe(what string, params map[string]string) ([]Column, error)
	// Answer runs a statement, and writes the blocks that it answers with.
	Answer(ctx context.Context, query string, params map[string]string, to io.Writer) error
	// Insert runs "INSERT INTO t (columns)" with blocks.
	Insert(query string, params map[string]string, blocks io.Reader) error
	Close()
}

// Column is a column of a table or an answer.
type Column struct {
	Name, Type string
	// Computed: it cannot be written.
	Computed bool
}

// Server answers connections. Its exported fields are set before.
type Server struct {
	Engine  Engine
	Version string // 26.7.2.1
	Zone    string // Europe/Berlin

	mu    sync.Mutex
	conns map[net.Conn]struct{} // nil once it is closed
	all   sync.WaitGroup
}

// Serve answers what connects, until the listener is closed.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.conns = map[net.Conn]struct{}{}
	s.mu.Unlock()
	for {
		c, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if s.took(c) {
			go func() {
				defer s.done(c)
				_ = s.Answer(c) // the client has been told, if it is there
			}()
		}
	}
}

// Close ends all connections, and returns once they are.
func (s *Server) Close() {
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.conns = nil
	s.mu.Unlock()
	s.all.Wait()
}

func (s *Server) took(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conns == nil {
		_ = c.Close()
		return false
	}
	s.conns[c] = struct{}{}
	s.all.Add(1)
	return true
}

func (s *Server) done(c net.Conn) {
	_ = c.Close()
	s.mu.Lock()
	delete(s.conns, c)
	s.mu.Unlock()
	s.all.Done()
}
