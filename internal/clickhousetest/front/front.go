//go:build linux || darwin

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ClickHouse/ch-go/proto"

	"github.com/callboard/callboard/internal/clickhousetest/chdb"
)

// reserved are the parameters that the interface itself takes; any other is a setting.
var reserved = []string{
	"database", "default_format", "query", "compress", "decompress", "client_protocol_version", "query_id", "quota_key", "user",
	"password", "role", "session_id", "session_timeout", "session_check", "wait_end_of_query", "buffer_size", "stacktrace",
}

var (
	hello  = regexp.MustCompile(`(?is)^\s*SELECT\s+displayName\(\)\s*,\s*version\(\)\s*,\s*revision\(\)\s*,\s*timezone\(\)`)
	insert = regexp.MustCompile(`(?is)^(\s*INSERT\s+INTO\s.*?)\s+FORMAT\s+(\w+)\s*;?\s*$`)
	code   = regexp.MustCompile(`Code: (\d+)\.`)
)

type front struct {
	engine              *chdb.Engine
	path, version, zone string
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ping" || (r.Method == http.MethodGet && r.URL.RawQuery == "") {
		_, _ = io.WriteString(w, "Ok.\n")
		return
	}
	w.Header().Set("X-ClickHouse-Server-Display-Name", "front")
	w.Header().Set("X-ClickHouse-Timezone", f.zone)
	out := &output{w: w, query: r.URL.Query(), gzip: strings.Contains(r.Header.Get("Accept-Encoding"), "gzip")}
	if err := f.serve(out, r); err != nil {
		out.fail(err)
	}
	out.close()
}

func (f *front) serve(out *output, r *http.Request) error {
	body, err := bodyOf(r)
	if err != nil {
		return err
	}
	params, settings := asked(out.query)
	c, err := f.session(out.query.Get("database"), settings)
	if err != nil {
		return err
	}
	defer c.Close()
	query, format := out.query.Get("query"), out.query.Get("default_format")
	if format == "" {
		format = "TabSeparated"
	}
	if m := insert.FindStringSubmatch(query); m != nil {
		n, err := c.Insert(m[1], m[2], params, body)
		if err == nil {
			out.w.Header().Set("X-ClickHouse-Summary", fmt.Sprintf(`{"written_rows":"%d"}`, n))
		}
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if query != "" && len(text) > 0 {
		query += "\n"
	}
	query += string(text)
	if format == "Native" && hello.MatchString(query) {
		return out.emit(f.hello(out.query))
	}
	return answer(r.Context(), c, query, format, params, out.query.Get("wait_end_of_query") != "1", out.emit)
}

// answer runs a statement and hands out its output, piece by piece if that can be.
func answer(ctx context.Context, c *chdb.Conn, query, format string, params chdb.Params, inPieces bool, emit func([]byte) error) error {
	if inPieces && c.ReadOnly(query) {
		err := c.Stream(ctx, query, format, params, emit)
		// DESCRIBE, SHOW and EXPLAIN cannot be streamed.
		if err == nil || !strings.Contains(err.Error(), "Streaming query is not supported") {
			return err
		}
	}
	b, err := c.Query(query, format, params)
	if err == nil && len(b) > 0 {
		err = emit(b)
	}
	return err
}

func bodyOf(r *http.Request) (io.Reader, error) {
	var body io.Reader = r.Body
	switch encoding := r.Header.Get("Content-Encoding"); encoding {
	case "":
	case "gzip":
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		body = z
	default:
		return nil, fmt.Errorf("Code: 1. DB::Exception: there is no Content-Encoding %s here. (UNSUPPORTED_METHOD)", encoding)
	}
	if r.URL.Query().Get("decompress") == "1" {
		compressed := proto.NewReader(body)
		compressed.EnableCompression()
		body = compressed
	}
	return body, nil
}

// asked is what of a request is for the session: parameters and settings.
func asked(query url.Values) (params chdb.Params, settings map[string]string) {
	params, settings = chdb.Params{}, map[string]string{}
	for k, v := range query {
		if name, ok := strings.CutPrefix(k, "param_"); ok {
			params[name] = v[0]
		} else if !slices.Contains(reserved, k) {
			settings[k] = v[0]
		}
	}
	return params, settings
}

// session opens one for a request, which takes 0.2 ms, so that nothing passes from
// one request to the next.
func (f *front) session(database string, settings map[string]string) (*chdb.Conn, error) {
	c, err := f.engine.Open("--path=" + f.path)
	if err != nil {
		return nil, err
	}
	var set []string
	for k, v := range settings {
		set = append(set, k+" = '"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(v)+"'")
	}
	if database != "" && database != "default" {
		_, err = c.Query("USE `"+strings.ReplaceAll(database, "`", "\\`")+"`", "Null", nil)
	}
	if err == nil && len(set) > 0 {
		_, err = c.Query("SET "+strings.Join(set, ", "), "Null", nil)
	}
	if err != nil {
		c.Close()
		return nil, err
	}
	return c, nil
}

// hello answers the client's handshake. The engine writes Native of revision 0,
// whatever is asked for; the client reads that if the server says that its revision
// is 0. Only this first block has to be of the revision that was asked for.
func (f *front) hello(query url.Values) []byte {
	asked, _ := strconv.Atoi(query.Get("client_protocol_version"))
	var b proto.Buffer
	if asked > 0 {
		b.PutUVarInt(1)
		b.PutBool(false)
		b.PutUVarInt(2)
		b.PutInt32(-1)
		b.PutUVarInt(0)
	}
	b.PutUVarInt(4)
	b.PutUVarInt(1)
	column := func(name, typ string) {
		b.PutString(name)
		b.PutString(typ)
		if asked >= 54454 { // columns say then whether they are written in a form of their own
			b.PutBool(false)
		}
	}
	for _, c := range [][2]string{{"displayName()", "front"}, {"version()", f.version}} {
		column(c[0], "String")
		b.PutString(c[1])
	}
	column("revision()", "UInt32")
	b.PutUInt32(0)
	column("timezone()", "String")
	b.PutString(f.zone)
	return b.Buf
}

// statusOf is the HTTP status that ClickHouse answers an error with.
func statusOf(code string) int {
	switch code {
	case "46", "47", "60", "81":
		return http.StatusNotFound
	case "27", "36", "41", "53", "62", "115", "117", "386", "456", "457":
		return http.StatusBadRequest
	}
	return http.StatusInternalServerError
}

// failure is an error as ClickHouse words it, and its code.
func failure(err error) (message, number string) {
	message = err.Error()
	if !strings.Contains(message, "(version ") {
		message += " (version chdb)"
	}
	number = "1002" // an unknown error
	if m := code.FindStringSubmatch(message); m != nil {
		number = m[1]
	}
	return string(bytes.TrimRight([]byte(message), "\n")), number
}
