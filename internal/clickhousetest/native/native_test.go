package native_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/ClickHouse/ch-go/proto"
	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/internal/clickhousetest/native"
)

// kept is an engine that has one table: it keeps the blocks that are inserted, and
// answers every query with them.
type kept struct {
	columns  []native.Column
	blocks   bytes.Buffer
	settings map[string]string
	params   map[string]string
}

func (k *kept) Open(database string, settings map[string]string) (native.Session, error) {
	if database == "gone" {
		return nil, errors.New("Code: 81. DB::Exception: Database gone does not exist. (UNKNOWN_DATABASE)")
	}
	k.settings = settings
	return session{k}, nil
}

type session struct{ *kept }

func (s session) Reads(query string) bool { return strings.HasPrefix(query, "SELECT") }

func (s session) Describe(string, map[string]string) ([]native.Column, error) { return s.columns, nil }

func (s session) Answer(_ context.Context, _ string, params map[string]string, to io.Writer) error {
	s.kept.params = params
	_, err := to.Write(s.blocks.Bytes())
	return err
}

func (s session) Insert(_ string, _ map[string]string, blocks io.Reader) error {
	_, err := s.blocks.ReadFrom(blocks)
	return err
}

func (s session) Close() {}

// revision is that of the Go client.
const revision = int(proto.FeatureServerQueryTimeInProgress)

// said is what a client says, all at once.
type said struct{ proto.Buffer }

func (s *said) hello(database string) {
	proto.ClientHello{Name: "test", ProtocolVersion: revision, Database: database}.Encode(&s.Buffer)
	s.PutString("") // the quota key
}

func (s *said) query(t testing.TB, body string, params ...proto.Parameter) {
	t.Helper()
	q := proto.Query{
		Body: body, Stage: proto.StageComplete, Parameters: params,
		Info:     proto.ClientInfo{Query: proto.ClientQueryInitial, Interface: proto.InterfaceTCP, ProtocolVersion: revision},
		Settings: []proto.Setting{{Key: "max_threads", Value: "1", Important: true}},
	}
	q.EncodeAware(&s.Buffer, revision)
	s.data(t, nil)
}

func (s *said) data(t testing.TB, columns proto.Input) {
	t.Helper()
	proto.ClientCodeData.Encode(&s.Buffer)
	s.PutString("")
	b := proto.Block{Columns: len(columns)}
	if len(columns) > 0 {
		b.Rows = columns[0].Data.Rows()
	}
	if err := b.EncodeBlock(&s.Buffer, revision, columns); err != nil {
		t.Fatal(err)
	}
}

// converse has a server answer what was said, and returns what it says.
func converse(t testing.TB, k *kept, s *said) (*proto.Reader, error) {
	t.Helper()
	var heard bytes.Buffer
	server := native.Server{Engine: k, Version: "26.7.2.1", Zone: "UTC"}
	err := server.Answer(struct {
		io.Reader
		io.Writer
	}{bytes.NewReader(s.Buf), &heard})
	return proto.NewReader(&heard), err
}

func expect(t interface {
	Helper()
	Fatalf(string, ...any)
}, r *proto.Reader, want proto.ServerCode) {
	t.Helper()
	if got, err := r.UVarInt(); err != nil || proto.ServerCode(got) != want {
		t.Fatalf("the server says %s, %v; want %s", proto.ServerCode(got), err, want)
	}
}

func hello(t *testing.T, r *proto.Reader) {
	t.Helper()
	expect(t, r, proto.ServerCodeHello)
	var h proto.ServerHello
	if err := h.DecodeAware(r, revision); err != nil || h.Revision != revision || h.Major != 26 || h.Patch != 2 {
		t.Fatalf("its hello is %s, %v", h, err)
	}
}

// Whatever a column holds, an insert and a query give it back: written and read by
// ch-go, which shares no code with what is between.
func TestBlocksPassUnchanged(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(1, 50).Draw(r, "rows")
		var (
			numbers = new(proto.ColUInt64)
			texts   = new(proto.ColStr)
			words   = new(proto.ColStr).LowCardinality()
			maybe   = new(proto.ColStr).Nullable()
			lists   = new(proto.ColStr).LowCardinality().Array()
			maps    = proto.NewMap[string, uint8](new(proto.ColStr), new(proto.ColUInt8))
			ids     = new(proto.ColUUID)
		)
		text := rapid.StringN(0, 20, -1)
		for range n {
			numbers.Append(rapid.Uint64().Draw(r, "number"))
			texts.Append(text.Draw(r, "text"))
			words.Append(text.Draw(r, "word"))
			maybe.Append(proto.Nullable[string]{Set: rapid.Bool().Draw(r, "set"), Value: text.Draw(r, "maybe")})
			lists.Append(rapid.SliceOfN(text, 0, 4).Draw(r, "list"))
			maps.Append(map[string]uint8{text.Draw(r, "key"): rapid.Byte().Draw(r, "value")})
			ids.Append(uuid.UUID{byte(len(*ids)), rapid.Byte().Draw(r, "id")})
		}
		wrote := proto.Input{
			{Name: "number", Data: numbers}, {Name: "text", Data: texts}, {Name: "word", Data: words}, {Name: "maybe", Data: maybe},
			{Name: "list", Data: lists}, {Name: "map", Data: maps}, {Name: "id", Data: ids},
		}
		k := &kept{}
		for _, c := range wrote {
			k.columns = append(k.columns, native.Column{Name: c.Name, Type: c.Data.Type().String()})
		}
		s := &said{}
		s.hello("")
		s.query(t, "INSERT INTO t FORMAT Native")
		s.data(t, wrote)
		s.data(t, nil)
		s.query(t, "SELECT * FROM t")
		answers, err := converse(t, k, s)
		if err != nil {
			r.Fatal(err)
		}
		hello(t, answers)
		read := proto.Results{
			{Name: "number", Data: new(proto.ColUInt64)}, {Name: "text", Data: new(proto.ColStr)}, {Name: "word", Data: new(proto.ColStr).LowCardinality()},
			{Name: "maybe", Data: new(proto.ColStr).Nullable()}, {Name: "list", Data: new(proto.ColStr).LowCardinality().Array()},
			{Name: "map", Data: proto.NewMap[string, uint8](new(proto.ColStr), new(proto.ColUInt8))}, {Name: "id", Data: new(proto.ColUUID)},
		}
		block := func(rows int) {
			t.Helper()
			expect(r, answers, proto.ServerCodeData)
			var data proto.ClientData // the same form
			var b proto.Block
			if err := errors.Join(data.DecodeAware(answers, revision), b.DecodeBlock(answers, revision, read)); err != nil || b.Rows != rows {
				r.Fatalf("%d rows, %v; want %d", b.Rows, err, rows)
			}
		}
		block(0) // what the table is like
		expect(r, answers, proto.ServerCodeEndOfStream)
		block(n)
		for i := range n {
			want := []any{numbers.Row(i), texts.Row(i), words.Row(i), maybe.Row(i), lists.Row(i), maps.Row(i), ids.Row(i)}
			got := []any{
				read[0].Data.(*proto.ColUInt64).Row(i), read[1].Data.(*proto.ColStr).Row(i), read[2].Data.(*proto.ColLowCardinality[string]).Row(i),
				read[3].Data.(*proto.ColNullable[string]).Row(i), read[4].Data.(*proto.ColArr[string]).Row(i),
				read[5].Data.(*proto.ColMap[string, uint8]).Row(i), read[6].Data.(*proto.ColUUID).Row(i),
			}
			if d := cmp.Diff(want, got); d != "" {
				r.Fatalf("row %d (-wrote +read):\n%s", i, d)
			}
		}
	})
}

func TestParametersAndSettings(t *testing.T) {
	k := &kept{columns: []native.Column{{Name: "n", Type: "UInt8"}}}
	s := &said{}
	s.hello("")
	s.query(t, "SELECT {x:String}", proto.Parameter{Key: "x", Value: `'it\'s \\N\n'`})
	answers, err := converse(t, k, s)
	if err != nil {
		t.Fatal(err)
	}
	hello(t, answers)
	expect(t, answers, proto.ServerCodeData) // without rows it still has columns
	if d := cmp.Diff(map[string]string{"x": "it's \\N\n"}, k.params); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(map[string]string{"max_threads": "1"}, k.settings); d != "" {
		t.Error(d)
	}
}

func TestNoSuchDatabase(t *testing.T) {
	s := &said{}
	s.hello("gone")
	answers, err := converse(t, &kept{}, s)
	if err == nil {
		t.Error("the connection goes on")
	}
	expect(t, answers, proto.ServerCodeException)
	var e proto.Exception
	if err := e.DecodeAware(answers, revision); err != nil || e.Code != 81 {
		t.Errorf("%+v, %v", e, err)
	}
}

// Whatever comes, the client is told, and nothing breaks.
func FuzzAnswer(f *testing.F) {
	s := &said{}
	s.hello("")
	f.Add(bytes.Clone(s.Buf))
	s.query(f, "SELECT 1")
	proto.ClientCodePing.Encode(&s.Buffer)
	f.Add(bytes.Clone(s.Buf))
	s.query(f, "INSERT INTO t (a, b) FORMAT Native")
	words := new(proto.ColStr).LowCardinality().Array()
	words.Append([]string{"x", "y"})
	s.data(f, proto.Input{{Name: "a", Data: proto.ColUInt64{1}}, {Name: "b", Data: words}})
	s.data(f, nil)
	f.Add(bytes.Clone(s.Buf))
	for _, typ := range []string{"Array(Array(Tuple(a UInt8, b Map(String, Nothing))))", "Tuple()", "Decimal()", "FixedString(65535)", "LowCardinality(Nullable(String))"} {
		odd := &said{}
		odd.hello("")
		odd.query(f, "INSERT INTO t VALUES")
		proto.ClientCodeData.Encode(&odd.Buffer)
		odd.PutString("")
		proto.BlockInfo{}.Encode(&odd.Buffer)
		odd.PutUVarInt(1)
		odd.PutUVarInt(1 << 31)
		odd.PutString("a")
		odd.PutString(typ)
		odd.PutBool(false)
		odd.PutRaw(bytes.Repeat([]byte{0xff}, 64))
		f.Add(bytes.Clone(odd.Buf))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		_, err := converse(t, &kept{columns: []native.Column{{Name: "a", Type: "UInt64"}, {Name: "b", Type: "Array(LowCardinality(String))"}}}, &said{proto.Buffer{Buf: b}})
		if len(b) > 0 && b[0] != byte(proto.ClientCodeHello) && err == nil {
			t.Error("what begins with no hello is answered")
		}
	})
}
