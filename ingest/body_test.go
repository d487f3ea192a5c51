package ingest_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

func zstdPack(body []byte) []byte {
	e, err := zstd.NewWriter(nil)
	if err != nil {
		panic(err) // the options are fixed
	}
	packed := e.EncodeAll(body, nil)
	if err := e.Close(); err != nil {
		panic(err) // it writes nowhere
	}
	return packed
}

func received(tb testing.TB, r event.DeliveryReceived) event.Event {
	tb.Helper()
	e, err := event.New("/sources/github", "github:d-1", r)
	if err != nil {
		tb.Fatal(err)
	}
	return e
}

func TestOpenRefuses(t *testing.T) {
	packed := zstdPack([]byte("body"))
	tests := []struct {
		name string
		of   event.DeliveryReceived
		want string
	}{
		{"a bomb", event.DeliveryReceived{Encoding: "zstd", Body: zstdPack(bytes.Repeat([]byte{0}, 4*ingest.MaxBody)), Size: 4 * ingest.MaxBody}, "read the body"},
		{"another encoding", event.DeliveryReceived{Encoding: "br", Body: packed, Size: 4}, `"br"`},
		{"another size", event.DeliveryReceived{Encoding: "zstd", Body: packed, Size: 5}, "4 bytes, not the 5"},
		{"cut short", event.DeliveryReceived{Encoding: "zstd", Body: packed[:len(packed)-2], Size: 4}, "read the body"},
		{"no zstd at all", event.DeliveryReceived{Encoding: "zstd", Body: []byte("body"), Size: 4}, "read the body"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := ingest.Open(received(t, tt.of))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want it invalid with %q", err, tt.want)
			}
		})
	}
	if _, err := ingest.Open(event.Event{Type: event.TypeDeliveryHandled}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an event that is no delivery gives %v", err)
	}
}

// FuzzOpen reads deliveries that something else may have written.
func FuzzOpen(f *testing.F) {
	for _, r := range []event.DeliveryReceived{
		{Source: "github", Event: "push", Encoding: "zstd", Body: zstdPack([]byte("{}")), Size: 2},
		{Encoding: "zstd", Body: zstdPack(bytes.Repeat([]byte("a"), 1<<20)), Size: 1 << 20},
		{},
	} {
		b, err := json.Marshal(r)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`{"body": 7}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := ingest.Open(event.Event{Type: event.TypeDeliveryReceived, Data: data})
		if err == nil && len(d.Body) > ingest.MaxBody {
			t.Errorf("a body of %d bytes is read back", len(d.Body))
		}
		if err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
		}
	})
}
