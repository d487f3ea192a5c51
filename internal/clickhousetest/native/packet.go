package native

import (
	"fmt"
	"strings"

	"github.com/ClickHouse/ch-go/proto"
)

// revision of the protocol that is spoken: the newest that the Go client knows. See
// https://github.com/ClickHouse/ClickHouse/blob/master/src/Core/ProtocolDefines.h
const revision = int(proto.FeatureServerQueryTimeInProgress)

// hello reads what a client says first.
func (r *reader) hello() (h proto.ClientHello) {
	h.Name = r.text(maxName, "client")
	h.Major, h.Minor = int(r.uvarintUpTo(1<<31, "major version")), int(r.uvarintUpTo(1<<31, "minor version"))
	h.ProtocolVersion = int(r.uvarintUpTo(1<<31, "protocol version"))
	h.Database, h.User, h.Password = r.text(maxName, "database"), r.text(maxName, "user"), r.text(maxName, "password")
	return h
}

// query reads a query, all but the blocks that follow it.
func (r *reader) query() (q proto.Query) {
	q.ID = r.text(maxName, "id of the query")
	r.clientInfo()
	for name, value := range r.pairs("setting") {
		q.Settings = append(q.Settings, proto.Setting{Key: name, Value: value})
	}
	r.text(maxName, "secret between servers")
	q.Stage = proto.Stage(r.byte())
	if r.err == nil && q.Stage != proto.StageComplete {
		r.fail(fmt.Errorf("stage %d of a query is for clusters", q.Stage))
	}
	q.Compression = proto.Compression(r.byte())
	q.Body = r.text(maxText, "query")
	for name, dump := range r.pairs("parameter") {
		value, err := undump(dump)
		if err != nil {
			r.fail(fmt.Errorf("parameter %s: %w", name, err))
		}
		q.Parameters = append(q.Parameters, proto.Parameter{Key: name, Value: value})
	}
	return q
}

// pairs reads names with flags and values, up to an empty name.
func (r *reader) pairs(what string) func(func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for range maxItems {
			name := r.text(maxName, what)
			if name == "" || r.err != nil {
				return
			}
			r.uvarint() // flags: what is not known is an error here anyway
			if !yield(name, r.text(maxText, what)) {
				return
			}
		}
		r.fail(fmt.Errorf("there are more than %d of %s", maxItems, what))
	}
}

// clientInfo reads who asks, which makes no difference.
func (r *reader) clientInfo() {
	if r.byte() == byte(proto.ClientQueryNone) {
		return
	}
	for _, what := range []string{"first user", "first query", "first address"} {
		r.text(maxName, what)
	}
	r.uint64() // when it began
	if of := r.byte(); r.err == nil && of != byte(proto.InterfaceTCP) {
		r.fail(fmt.Errorf("interface %d of the client is not the native one", of))
	}
	for _, what := range []string{"user", "host", "client"} {
		r.text(maxName, what)
	}
	for range 3 {
		r.uvarint() // its version
	}
	r.text(maxName, "quota key")
	r.uvarint() // depth
	r.uvarint() // patch of its version
	if r.bool() {
		var trace proto.Buffer
		r.copy(&trace, 24)
		r.text(maxName, "state of the trace")
		r.byte()
	}
	for range 3 {
		r.uvarint() // replicas
	}
}

// undump reads a value as servers write it down, in quotes.
func undump(dump string) (string, error) {
	inner, ok := strings.CutPrefix(dump, "'")
	if ok {
		inner, ok = strings.CutSuffix(inner, "'")
	}
	if !ok {
		return "", fmt.Errorf("%.100q is no text in quotes", dump)
	}
	var b strings.Builder
	for i := 0; i < len(inner); i++ {
		c := inner[i]
		if c == '\\' && i+1 < len(inner) {
			i++
			if c = inner[i]; strings.IndexByte("ntr0bf", c) >= 0 {
				c = map[byte]byte{'n': '\n', 't': '\t', 'r': '\r', '0': 0, 'b': '\b', 'f': '\f'}[c]
			}
		}
		b.WriteByte(c)
	}
	return b.String(), nil
}
