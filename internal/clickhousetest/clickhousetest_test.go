package clickhousetest_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/internal/clickhousetest"
)

// connect opens a database of its own, over a protocol.
func connect(t *testing.T, server *clickhousetest.Server, protocol, options string) driver.Conn {
	t.Helper()
	u, err := url.Parse(server.DatabaseOver(t, protocol))
	if err != nil {
		t.Fatal(err)
	}
	name := u.Path[1:]
	u.Path, u.RawQuery = "", options
	open := func(u string) driver.Conn {
		o, err := clickhouse.ParseDSN(u)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := clickhouse.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	if err := open(u.String()).Exec(t.Context(), "CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	u.Path = name
	return open(u.String())
}

// The Go client has from the ClickHouse of tests what it has from a server, over both
// protocols.
func TestServer(t *testing.T) {
	server := clickhousetest.Start(t)
	for _, over := range []struct{ protocol, compression string }{{"http", "lz4"}, {"clickhouse", "none"}, {"clickhouse", "lz4"}, {"clickhouse", "zstd"}} {
		t.Run(over.protocol+" "+over.compression, func(t *testing.T) {
			conn := connect(t, server, over.protocol, "compress="+over.compression)
			t.Run("types", func(t *testing.T) { types(t, conn) })
			t.Run("parameters", func(t *testing.T) { parameters(t, conn) })
			t.Run("many rows", func(t *testing.T) { manyRows(t, conn) })
			t.Run("errors", func(t *testing.T) { failures(t, conn) })
			t.Run("cancelled", func(t *testing.T) { cancelled(t, conn) })
		})
	}
}

type row struct {
	Number  uint64            `ch:"number"`
	Word    string            `ch:"word"`
	Maybe   *string           `ch:"maybe"`
	List    []string          `ch:"list"`
	Map     map[string]uint32 `ch:"map"`
	At      time.Time         `ch:"at"`
	Bool    bool              `ch:"bool"`
	Bytes   string            `ch:"bytes"`
	Level   string            `ch:"level"`
	Nothing []string          `ch:"nothing"`
}

func types(t *testing.T, conn driver.Conn) {
	t.Helper()
	if err := conn.Exec(t.Context(), `CREATE TABLE types (number UInt64, word LowCardinality(String), maybe LowCardinality(Nullable(String)), list Array(LowCardinality(String)),
		map Map(String, UInt32), at DateTime64(6, 'UTC'), bool Bool, bytes FixedString(4), level Enum8('a, (b' = 1, 'it\'s' = 2), nothing Array(String)) ENGINE = MergeTree ORDER BY number`); err != nil {
		t.Fatal(err)
	}
	word := "wörd"
	wrote := []row{
		{1, "one", &word, []string{"x", "y", "x"}, map[string]uint32{"k": 7}, time.Date(2026, 3, 3, 14, 0, 0, 1000, time.UTC), true, "abcd", "a, (b", []string{}},
		{2, "", nil, []string{}, map[string]uint32{}, time.Date(1901, 1, 1, 0, 0, 0, 0, time.UTC), false, "\x00\x01\x02\x03", "it's", []string{}},
	}
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO types")
	if err != nil {
		t.Fatal(err)
	}
	for i := range wrote {
		if err := batch.AppendStruct(&wrote[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	var read []row
	if err := conn.Select(t.Context(), &read, "SELECT * FROM types ORDER BY number"); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(wrote, read); d != "" {
		t.Error(d)
	}
	var n uint64
	if err := conn.QueryRow(t.Context(), "SELECT number FROM types WHERE word = 'none'").Scan(&n); err == nil {
		t.Error("there is a row where there is none")
	}
	if err := conn.Exec(t.Context(), "INSERT INTO types (number, word) VALUES (?, ?)", 3, "three"); err != nil {
		t.Error(err)
	}
	if err := conn.QueryRow(t.Context(), "SELECT count() FROM types").Scan(&n); err != nil || n != 3 {
		t.Errorf("%d rows, %v", n, err)
	}
}

func parameters(t *testing.T, conn driver.Conn) {
	t.Helper()
	for _, text := range []string{"", "it's", `\`, `\'`, "tab\tnewline\nnul\x00", "{x:String} ?", `\N`, "ü"} {
		var named, positional string
		err := errors.Join(conn.QueryRow(t.Context(), "SELECT {x:String}", clickhouse.Named("x", text)).Scan(&named),
			conn.QueryRow(t.Context(), "SELECT ?", text).Scan(&positional))
		if err != nil || named != text || positional != text {
			t.Errorf("%q comes back as %q and %q, %v", text, named, positional, err)
		}
	}
}

func manyRows(t *testing.T, conn driver.Conn) {
	t.Helper()
	if err := conn.Exec(t.Context(), "CREATE TABLE many (n UInt64, text String) ENGINE = MergeTree ORDER BY n"); err != nil {
		t.Fatal(err)
	}
	const rows = 150_000
	batch, err := conn.PrepareBatch(t.Context(), "INSERT INTO many (text, n)")
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := batch.Append("a text that is not too short", uint64(i)); err != nil {
			t.Fatal(err)
		}
		if i == rows/2 {
			if err := batch.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := batch.Send(); err != nil {
		t.Fatal(err)
	}
	read, err := conn.Query(t.Context(), "SELECT n, text FROM many ORDER BY n")
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	n, text := uint64(0), ""
	for i := uint64(0); read.Next(); i++ {
		if err := read.Scan(&n, &text); err != nil || n != i {
			t.Fatalf("row %d is %d, %v", i, n, err)
		}
	}
	if err := read.Err(); err != nil || n != rows-1 {
		t.Errorf("the last row is %d, %v", n, err)
	}
}

func failures(t *testing.T, conn driver.Conn) {
	t.Helper()
	for text, code := range map[string]int32{
		"SELECT 1 FROM nowhere": 60,
		"SELEC 1":               62,
		"SELECT nothing":        47,
		"SELECT throwIf(number = 300000) FROM numbers(1000000)": 395,
		"SELECT 1 SETTINGS no_such_setting = 1":                 115,
		"SELECT sleepEachRow(1) FROM numbers(2) SETTINGS max_execution_time = 0.1, timeout_overflow_mode = 'throw', max_block_size = 1": 159,
	} {
		rows, err := conn.Query(t.Context(), text)
		if err == nil {
			for rows.Next() {
			}
			err = errors.Join(rows.Err(), rows.Close())
		}
		var told *clickhouse.Exception
		if !errors.As(err, &told) || told.Code != code {
			t.Errorf("%s: %v, want code %d", text, err, code)
		}
	}
	_, err := conn.PrepareBatch(t.Context(), "INSERT INTO nowhere (a)")
	if err == nil {
		t.Error("there is a table that is not there")
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Errorf("after errors: %v", err)
	}
}

// A query that is cancelled ends, and others go on.
func cancelled(t *testing.T, conn driver.Conn) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	rows, err := conn.Query(ctx, "SELECT number FROM system.numbers")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	cancel()
	for rows.Next() {
	}
	rows.Close()
	var one uint8
	if err := conn.QueryRow(t.Context(), "SELECT 1").Scan(&one); err != nil || one != 1 {
		t.Errorf("%d, %v", one, err)
	}
}

// What is no client is told so, and does not disturb those that are.
func TestNoise(t *testing.T) {
	server := clickhousetest.Start(t)
	conn := connect(t, server, "clickhouse", "")
	u, err := url.Parse(server.URL("clickhouse", ""))
	if err != nil {
		t.Fatal(err)
	}
	for _, noise := range []string{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x00\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "\x01", ""} {
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(c, noise)
		if err := errors.Join(err, c.(*net.TCPConn).CloseWrite()); err != nil {
			t.Fatal(err)
		}
		told, _ := io.ReadAll(c) // it may be reset after that
		if noise != "" && (len(told) == 0 || told[0] != 2) {
			t.Errorf("%q is answered with %q, and no exception", noise, told)
		}
		c.Close()
	}
	if err := conn.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
