package traffic

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// Target is the server that requests go to.
type Target struct {
	address string // host:port
	host    string // as the Host header has it
	token   string // to send as bearer, if it is not empty
}

// NewTarget returns the server at a base URL, http only and without a path. A
// token that is not empty goes with every request.
func NewTarget(base, token string) (Target, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" {
		return Target{}, fmt.Errorf("%q is no base URL: write http://127.0.0.1:8080", base)
	}
	port := u.Port()
	if port == "" {
		port = "80"
	}
	return Target{net.JoinHostPort(u.Hostname(), port), u.Host, token}, nil
}

// Answer is what came back. Body is valid until the next request.
type Answer struct {
	Status int
	Type   string // Content-Type header
	Link   string // Link header
	Body   []byte
}

// Conn is one kept-alive connection, with one request on it at a time: much
// cheaper than a pool of them, so that what is measured is the server.
type Conn struct {
	target Target
	conn   net.Conn
	in     *bufio.Reader
	out    bytes.Buffer
	body   bytes.Buffer
}

// answerWithin is how long an answer may take.
const answerWithin = 2 * time.Minute

// Dial connects. The connection ends with ctx.
func Dial(ctx context.Context, t Target) (*Conn, error) {
	c := &Conn{target: t}
	return c, c.dial(ctx)
}

func (c *Conn) dial(ctx context.Context) (err error) {
	if c.conn, err = new(net.Dialer).DialContext(ctx, "tcp", c.target.address); err != nil {
		return fmt.Errorf("connect to the server: %w", err)
	}
	c.in = bufio.NewReaderSize(c.conn, 64<<10)
	return nil
}

// Close closes the connection.
func (c *Conn) Close() {
	c.conn.Close() //nolint:errcheck // every answer has been read
}

// Do sends a request and reads the whole answer. When the server closes the
// connection afterwards, Do makes it anew.
func (c *Conn) Do(ctx context.Context, r Request) (Answer, error) {
	stop := context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Unix(1, 0)) }) //nolint:errcheck // a closed connection needs none
	defer stop()
	if err := c.conn.SetDeadline(time.Now().Add(answerWithin)); err != nil {
		return Answer{}, err
	}
	if _, err := c.conn.Write(c.encode(r)); err != nil {
		return Answer{}, fmt.Errorf("send %s: %w", r.Path, err)
	}
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return Answer{}, fmt.Errorf("read the answer to %s: %w", r.Path, err)
	}
	defer resp.Body.Close()
	c.body.Reset()
	if _, err := io.Copy(&c.body, resp.Body); err != nil {
		return Answer{}, fmt.Errorf("read the answer to %s: %w", r.Path, err)
	}
	if resp.Close {
		c.Close()
		if err := c.dial(ctx); err != nil {
			return Answer{}, err
		}
	}
	return Answer{resp.StatusCode, resp.Header.Get("Content-Type"), resp.Header.Get("Link"), c.body.Bytes()}, nil
}

func (c *Conn) encode(r Request) []byte {
	method := http.MethodGet
	if r.Body != "" {
		method = http.MethodPost
	}
	c.out.Reset()
	c.out.WriteString(method + " " + r.Path + " HTTP/1.1\r\nHost: " + c.target.host + "\r\n")
	if c.target.token != "" {
		c.out.WriteString("Authorization: Bearer " + c.target.token + "\r\n")
	}
	if r.Body != "" {
		c.out.WriteString("Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(r.Body)) + "\r\n")
	}
	c.out.WriteString("\r\n")
	c.out.WriteString(r.Body)
	return c.out.Bytes()
}
