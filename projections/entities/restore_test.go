package entities

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
)

// fuzzedCatalog is small and has some of everything that is saved.
func fuzzedCatalog(f *testing.F) *Catalog {
	f.Helper()
	c := New()
	var records []eventlog.Record
	add := func(kind, name string, spec map[string]any, registered bool) {
		e := catalog.Entity{APIVersion: "backstage.io/v1alpha1", Kind: kind, Metadata: catalog.Metadata{Name: name, Namespace: "default", Title: "A " + name}, Spec: spec}
		d := event.Declaration{Entity: e, Origin: event.Origin{Source: "github", RepositoryID: "1", Path: name, Parent: "location:default/all"}}
		typ, data := event.TypeEntityRegistered, any(event.EntityRegistered{Declaration: d})
		if !registered {
			typ = event.TypeEntityRejected
			data = event.EntityRejected{Ref: e.Ref().String(), Origin: d.Origin}
		}
		b, err := json.Marshal(data)
		if err != nil {
			f.Fatal(err)
		}
		n := len(records) + 1
		records = append(records, eventlog.Record{Position: eventlog.Position(n), Recorded: time.Unix(int64(n), 0), Event: event.Event{
			ID: name, Type: typ, Source: "/sources/github", Subject: e.Ref().String(), Time: time.Unix(int64(n), 0), Data: b,
		}})
	}
	for i := range 30 {
		add("Component", "c"+string(rune('a'+i%26))+string(rune('0'+i/26)), map[string]any{"type": "service", "owner": "Team", "lifecycle": "production"}, true)
	}
	add("Group", "team", map[string]any{"type": "team", "children": []any{}}, true)
	add("Component", "ca0", nil, false)
	if err := c.Apply(f.Context(), records); err != nil {
		f.Fatal(err)
	}
	return c
}

// savedContent is what [Catalog.Save] writes, decompressed: the header, and the rest.
func savedContent(f *testing.F, c *Catalog) (header, rest []byte) {
	f.Helper()
	var file bytes.Buffer
	if err := c.write(c.Snapshot(), &file); err != nil {
		f.Fatal(err)
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		f.Fatal(err)
	}
	defer r.Close()
	all, err := r.DecodeAll(file.Bytes(), nil)
	if err != nil {
		f.Fatal(err)
	}
	s := c.Snapshot()
	var head bytes.Buffer
	if err := gob.NewEncoder(&head).Encode(savedHeader{s.position, s.event, s.recorded, c.kindsSum(), termsSum(), s.rejections, s.locations}); err != nil {
		f.Fatal(err)
	}
	if !bytes.HasPrefix(all, head.Bytes()) {
		f.Fatal("the file does not begin with its header")
	}
	return head.Bytes(), all[head.Len():]
}

// Whatever follows a right checksum, a restore ends with a refusal, or with a
// catalog that can be asked and goes on; it takes no more memory than what there
// is to read accounts for.
func FuzzRestore(f *testing.F) {
	header, rest := savedContent(f, fuzzedCatalog(f))
	const compressed, index, whole = 0, 1, 2 // what is fuzzed
	f.Add([]byte{}, uint8(compressed))
	f.Add(rest, uint8(index))
	f.Add(rest[:len(rest)/2], uint8(index))
	f.Add(append(bytes.Clone(header), rest...), uint8(whole))
	f.Fuzz(func(t *testing.T, content []byte, what uint8) {
		switch what % 3 {
		case index:
			content = append(bytes.Clone(header), content...)
		case compressed:
			fuzzRestore(t, content, 256<<20)
			return
		}
		w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		defer w.Close()
		fuzzRestore(t, w.EncodeAll(content, nil), 64<<20+uint64(len(content))*1000)
	})
}

func fuzzRestore(t *testing.T, payload []byte, most uint64) {
	t.Helper()
	sum := sha256.Sum256(payload)
	path := filepath.Join(t.TempDir(), "catalog.snapshot")
	if err := os.WriteFile(path, append(append([]byte(magic), sum[:]...), payload...), 0o600); err != nil {
		t.Fatal(err)
	}
	c := New()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := c.Restore(path, func(eventlog.Position, string) bool { return true })
	runtime.ReadMemStats(&after)
	if taken := after.TotalAlloc - before.TotalAlloc; taken > most {
		t.Errorf("%d bytes were allocated for %d", taken, len(payload))
	}
	if err != nil {
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("refused with %v", err)
		}
		return
	}
	s := c.Snapshot()
	s.All()
	s.Find(Query{Text: "team", Owners: []string{"group:default/team"}, Order: ByOwner})
	s.List(Listing{Where: Like{Keys: []string{"metadata.title"}, Term: "%a%"}, Order: Order{Fields: []Field{{Key: "metadata.name", Descending: true}}}, Limit: -1})
	s.Facets(nil, "kind", "spec.type", keyTitle)
	if err := c.Apply(t.Context(), nil); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
}
