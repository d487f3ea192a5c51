package native

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/ClickHouse/ch-go/proto"
)

// conn is one connection. Its packets are read one after the other; a query that only
// reads is answered meanwhile, so that it can be cancelled.
type conn struct {
	server   *Server
	in       *reader
	out      io.Writer
	database string

	cancel  context.CancelFunc // of the query that is being answered
	running chan struct{}      // closed once it is; nil: none was begun
}

// Answer speaks with one client until that leaves, which is no error.
func (s *Server) Answer(rw io.ReadWriter) error {
	c := &conn{server: s, in: newReader(rw), out: rw}
	defer c.stop()
	err := c.greet()
	for err == nil {
		err = c.next()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	var told exception
	if !errors.As(err, &told) {
		c.stop()
		_ = c.fail(fmt.Errorf("Code: 101. DB::Exception: unexpected packet: %w. (UNEXPECTED_PACKET_FROM_CLIENT)", err))
	}
	return err
}

// exception is an error of which the client has been told, and the connection ends.
type exception struct{ error }

func (c *conn) greet() error {
	code, err := c.in.packet()
	if err != nil {
		return err
	}
	if code != proto.ClientCodeHello {
		return fmt.Errorf("packet %d before the hello", code)
	}
	h := c.in.hello()
	if c.in.err != nil {
		return c.in.err
	}
	if h.ProtocolVersion < revision {
		return fmt.Errorf("a client of revision %d; this server speaks %d only", h.ProtocolVersion, revision)
	}
	c.database = h.Database
	session, err := c.server.Engine.Open(c.database, nil)
	if err != nil { // there is no such database
		return exception{errors.Join(err, c.fail(err))}
	}
	session.Close()
	var version [3]int
	for i, part := range strings.SplitN(c.server.Version, ".", 4)[:min(3, strings.Count(c.server.Version, ".")+1)] {
		version[i], _ = strconv.Atoi(part)
	}
	var b proto.Buffer
	hello := proto.ServerHello{
		Name: "ClickHouse", Major: version[0], Minor: version[1], Patch: version[2],
		Revision: revision, Timezone: c.server.Zone, DisplayName: "front",
	}
	hello.EncodeAware(&b, revision)
	if err := c.send(&b); err != nil {
		return err
	}
	c.in.text(maxName, "quota key") // what a client adds to its hello
	return c.in.err
}

func (c *conn) send(b *proto.Buffer) error {
	_, err := c.out.Write(b.Buf)
	return err
}

// next answers a packet.
func (c *conn) next() error {
	code, err := c.in.packet()
	if err != nil {
		return err
	}
	if code == proto.ClientCodeCancel {
		c.stop()
		return nil
	}
	if c.running != nil {
		<-c.running
	}
	switch code {
	case proto.ClientCodePing:
		var b proto.Buffer
		proto.ServerCodePong.Encode(&b)
		return c.send(&b)
	case proto.ClientCodeQuery:
		q := c.in.query()
		if c.in.err != nil {
			return c.in.err
		}
		return c.query(q)
	default:
		return fmt.Errorf("packet %d is none that begins something", code)
	}
}

// stop ends the query that is being answered.
func (c *conn) stop() {
	if c.running != nil {
		c.cancel()
		<-c.running
	}
}

// awaits are statements that blocks follow.
var awaits = regexp.MustCompile(`(?is)^(\s*INSERT\s+INTO\s.*?)\s+(?:FORMAT\s+Native|VALUES)\s*;?\s*$`)

func (c *conn) query(q proto.Query) error {
	if err := c.noTables(q); err != nil {
		return err
	}
	settings, params := map[string]string{}, map[string]string{}
	for _, s := range q.Settings {
		settings[s.Key] = s.Value
	}
	for _, p := range q.Parameters {
		params[p.Key] = p.Value
	}
	session, err := c.server.Engine.Open(c.database, settings)
	if err != nil {
		return c.fail(err)
	}
	out := &answer{conn: c}
	if q.Compression == proto.CompressionEnabled {
		out.compressor = compress.NewWriter(compress.LevelZero, compress.LZ4)
	}
	if m := awaits.FindStringSubmatch(q.Body); m != nil {
		defer session.Close()
		return c.insert(out, session, m[1], params)
	}
	ctx, cancel := context.WithCancel(context.Background())
	running := make(chan struct{})
	c.cancel, c.running = cancel, running
	go func() {
		defer close(running)
		defer cancel()
		defer session.Close()
		// A client that is gone is found out by reading.
		_ = out.end(out.run(ctx, session, q.Body, params))
	}()
	return nil
}

// noTables reads the empty block that ends the tables that a client may send with its
// query.
func (c *conn) noTables(q proto.Query) error {
	s, err := c.data(q.Compression == proto.CompressionEnabled, &proto.Buffer{})
	if err == nil && s != (size{}) {
		err = errors.New("the ClickHouse of tests takes no tables with a query")
	}
	return err
}

// data reads a block that the client sends, and writes it down in revision 0.
func (c *conn) data(compressed bool, to *proto.Buffer) (size, error) {
	code, err := c.in.packet()
	if err != nil {
		return size{}, err
	}
	if code != proto.ClientCodeData {
		return size{}, fmt.Errorf("packet %d instead of data", code)
	}
	c.in.text(maxName, "name of a table")
	c.in.compressed(compressed)
	return c.in.block(revision, to, 0)
}

var code = regexp.MustCompile(`^Code: (\d+)\.`)

// fail tells the client of an error of the engine; the connection goes on.
func (c *conn) fail(err error) error {
	number := 1002 // an unknown one
	if m := code.FindStringSubmatch(err.Error()); m != nil {
		number, _ = strconv.Atoi(m[1])
	}
	var b proto.Buffer
	proto.ServerCodeException.Encode(&b)
	e := proto.Exception{Code: proto.Error(number), Name: "DB::Exception", Message: strings.TrimRight(err.Error(), "\n")}
	e.EncodeAware(&b, revision)
	return c.send(&b)
}
