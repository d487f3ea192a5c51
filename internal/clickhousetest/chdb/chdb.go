//go:build linux || darwin

// Package chdb binds libchdb, the ClickHouse engine as a shared library, without
// cgo. It is for tests. [Load] comes first; see https://github.com/chdb-io/chdb.
package chdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"unsafe"

	"github.com/ebitengine/purego"
)

// call is how the library takes a query: its text, the output's format, and the
// names and values of parameters.
type call = func(conn uintptr, query *byte, queryLen uintptr, format *byte, formatLen uintptr, names **byte, nameLens *uintptr, values **byte, valueLens *uintptr, n uintptr) uintptr

// Engine is the library, of which a process has one.
type Engine struct {
	connect        func(argc int32, argv **byte) uintptr
	closeConn      func(conn uintptr)
	query          call
	stream         call
	streamFetch    func(conn, result uintptr) uintptr
	streamCancel   func(conn, result uintptr)
	insert         call
	insertAppend   func(stream uintptr, data *byte, n uintptr) int32
	insertDone     func(stream uintptr) uintptr
	insertCancel   func(stream uintptr)
	insertError    func(stream uintptr) uintptr
	insertDestroy  func(stream uintptr)
	destroyResult  func(result uintptr)
	resultBuffer   func(result uintptr) uintptr
	resultLength   func(result uintptr) uintptr
	resultError    func(result uintptr) uintptr
	resultWritten  func(result uintptr) uint64
	classify       func(conn uintptr, query *byte, queryLen uintptr, database *byte, databaseLen uintptr, out *analysis) int32
	signalHandlers func(on bool)
	shutdown       func()
}

// analysis is what the library says of a statement.
type analysis struct {
	size, statements uint32
	_                uint32 // flags
	class            uint32
}

// Load opens the shared library, once in a process.
func Load(path string) (*Engine, error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	e := &Engine{}
	for name, f := range map[string]any{
		"chdb_connect": &e.connect, "chdb_close_conn": &e.closeConn,
		"chdb_query_with_params_n": &e.query, "chdb_stream_query_with_params_n": &e.stream,
		"chdb_stream_fetch_result": &e.streamFetch, "chdb_stream_cancel_query": &e.streamCancel,
		"chdb_stream_insert_with_params_n": &e.insert, "chdb_stream_append": &e.insertAppend,
		"chdb_stream_done": &e.insertDone, "chdb_stream_cancel_insert": &e.insertCancel,
		"chdb_stream_insert_error": &e.insertError, "chdb_destroy_insert_stream": &e.insertDestroy,
		"chdb_destroy_query_result": &e.destroyResult, "chdb_result_buffer": &e.resultBuffer,
		"chdb_result_length": &e.resultLength, "chdb_result_error": &e.resultError,
		"chdb_result_rows_written": &e.resultWritten, "chdb_classify_query_n": &e.classify,
		"chdb_set_signal_handlers_enabled": &e.signalHandlers, "chdb_shutdown": &e.shutdown,
	} {
		purego.RegisterLibFunc(f, h, name)
	}
	e.signalHandlers(false) // Go owns the signals of this process
	return e, nil
}

// Shutdown stops the engine for good, after the last Close.
func (e *Engine) Shutdown() { e.shutdown() }

// Conn is a session of the engine: one statement at a time.
type Conn struct {
	*Engine
	pointer uintptr
}

// Open starts the engine, if this is the first session, or joins it. The arguments
// are those of clickhouse-local: --path=DIR, --any_setting=value.
func (e *Engine) Open(args ...string) (*Conn, error) {
	var pin runtime.Pinner
	defer pin.Unpin()
	argv := make([]*byte, 0, len(args)+2)
	for _, s := range append([]string{"clickhouse"}, args...) {
		b := append([]byte(s), 0)
		pin.Pin(&b[0])
		argv = append(argv, &b[0])
	}
	argv = append(argv, nil)
	p := e.connect(int32(len(args)+1), &argv[0]) //nolint:gosec // a handful
	if p == 0 || *(*uintptr)(pointer(p)) == 0 {
		return nil, errors.New("the engine gives no session: chdb_connect failed")
	}
	return &Conn{e, p}, nil
}

func (c *Conn) handle() uintptr { return *(*uintptr)(pointer(c.pointer)) }

// Close ends the session; with the last one the engine stops.
func (c *Conn) Close() { c.closeConn(c.pointer) }

// Params are the values of {name:Type}, escaped as in a TSV file.
type Params map[string]string

func (c *Conn) call(f call, query, format string, params Params) uintptr {
	var pin runtime.Pinner
	defer pin.Unpin()
	// The library wants arrays even of nothing.
	names, values := make([]*byte, 0, len(params)+1), make([]*byte, 0, len(params)+1)
	nameLens, valueLens := make([]uintptr, 0, len(params)+1), make([]uintptr, 0, len(params)+1)
	for k, v := range params {
		name, value := append([]byte(k), 0), append([]byte(v), 0)
		pin.Pin(&name[0])
		pin.Pin(&value[0])
		names, nameLens = append(names, &name[0]), append(nameLens, uintptr(len(k)))
		values, valueLens = append(values, &value[0]), append(valueLens, uintptr(len(v)))
	}
	q, form := append([]byte(query), 0), append([]byte(format), 0)
	return f(c.handle(), &q[0], uintptr(len(query)), &form[0], uintptr(len(format)),
		&names[:1][0], &nameLens[:1][0], &values[:1][0], &valueLens[:1][0], uintptr(len(params)))
}

// Query runs a statement and returns all of its output.
func (c *Conn) Query(query, format string, params Params) ([]byte, error) {
	r := c.call(c.query, query, format, params)
	defer c.destroyResult(r)
	if e := c.resultError(r); e != 0 {
		return nil, errors.New(text(e))
	}
	return append([]byte(nil), c.output(r)...), nil
}

// output is what a result holds until it is destroyed.
func (c *Conn) output(result uintptr) []byte {
	p, n := c.resultBuffer(result), c.resultLength(result)
	if p == 0 || n == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(pointer(p)), n)
}

// Stream runs a statement that only reads and hands out its output piece by piece.
// The query ends early when ctx does, or emit fails.
func (c *Conn) Stream(ctx context.Context, query, format string, params Params, emit func([]byte) error) error {
	s := c.call(c.stream, query, format, params)
	defer c.destroyResult(s)
	if e := c.resultError(s); e != 0 {
		return errors.New(text(e))
	}
	for {
		if err := ctx.Err(); err != nil {
			c.streamCancel(c.handle(), s)
			return err
		}
		more, err := c.fetch(s, emit)
		if err != nil {
			c.streamCancel(c.handle(), s)
		}
		if err != nil || !more {
			return err
		}
	}
}

func (c *Conn) fetch(stream uintptr, emit func([]byte) error) (more bool, err error) {
	r := c.streamFetch(c.handle(), stream)
	defer c.destroyResult(r)
	if e := c.resultError(r); e != 0 {
		return false, errors.New(text(e))
	}
	out := c.output(r)
	if len(out) == 0 {
		return false, nil
	}
	return true, emit(out)
}

// Insert runs "INSERT INTO t (columns)" with the data that in holds.
func (c *Conn) Insert(query, format string, params Params, in io.Reader) (written uint64, err error) {
	s := c.call(c.insert, query, format, params)
	defer c.insertDestroy(s)
	if e := c.insertError(s); e != 0 {
		return 0, errors.New(text(e))
	}
	buf := make([]byte, 1<<20)
	for {
		n, err := in.Read(buf)
		if n > 0 && c.insertAppend(s, &buf[0], uintptr(n)) != 0 {
			break // insertDone tells why
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			c.insertCancel(s)
			return 0, fmt.Errorf("read the data to insert: %w", err)
		}
	}
	r := c.insertDone(s)
	defer c.destroyResult(r)
	if e := c.resultError(r); e != 0 {
		return 0, errors.New(text(e))
	}
	return c.resultWritten(r), nil
}

// ReadOnly asks the engine's parser whether this is one statement that only reads.
func (c *Conn) ReadOnly(query string) bool {
	b := append([]byte(query), 0)
	a := analysis{size: 16}
	return c.classify(c.handle(), &b[0], uintptr(len(query)), nil, 0, &a) == 0 && a.class == 0 && a.statements == 1
}

// pointer is an address of the library's, which Go's collector knows nothing of.
func pointer(p uintptr) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&p)) }

// text copies a string of C's.
func text(p uintptr) string {
	n := 0
	for *(*byte)(unsafe.Add(pointer(p), n)) != 0 {
		n++
	}
	return string(unsafe.Slice((*byte)(pointer(p)), n))
}
