package entities_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/catalog"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/projectiontest"
)

// shown is all that a snapshot says.
func shown(t *testing.T, s *entities.Snapshot) string {
	t.Helper()
	b, err := json.MarshalIndent(map[string]any{
		"position": s.Position(), "recorded": s.Recorded(), "entities": s.All(), "rejections": s.Rejections(),
		"conflicts": s.Conflicts(payments), "locations": s.Locations(),
		"found": s.Find(entities.Query{Text: "ledger"}), "facets": s.Facets(nil, "kind", "relations.ownedBy"),
	}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// savedStory ends with an entity, one that is refused, a conflict and a location.
func savedStory(t *testing.T) *projectiontest.Story {
	t.Helper()
	elsewhere := projectiontest.Component("payments", "team-b")
	elsewhere.Origin.RepositoryID, elsewhere.Origin.Path = "other", "copy.yaml"
	ledger := projectiontest.Component("ledger", "team-a")
	return projectiontest.NewStory(t).
		Add(payments, event.EntityRegistered{Declaration: projectiontest.Component("payments", "team-a")}, projectiontest.By("mossbank", "aaa")).
		Add("component:default/ledger", event.EntityRegistered{Declaration: ledger}).
		Add("component:default/ledger", rejected("component:default/ledger", ledger)).
		Add(payments, event.EntityConflicted{EntityRejected: rejected(payments, elsewhere), With: projectiontest.Component("payments", "team-a").Origin}).
		Add("location", event.LocationRegistered{ID: "1", Type: "url", Target: "https://git.acme.example/org.yaml", EntityRef: "location:default/generated-1"})
}

func anyLog(eventlog.Position, string) bool { return true }

func TestSaveAndRestore(t *testing.T) {
	before := entities.New()
	story := savedStory(t)
	if err := before.Apply(t.Context(), story.Records()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "catalog.snapshot")
	if err := before.Save(path); err != nil {
		t.Fatal(err)
	}
	after := entities.New()
	var at eventlog.Position
	var id string
	if err := after.Restore(path, func(p eventlog.Position, e string) bool { at, id = p, e; return true }); err != nil {
		t.Fatal(err)
	}
	records := story.Records()
	if last := records[len(records)-1]; at != last.Position || id != last.ID {
		t.Errorf("it was saved at %d, event %s; the log ends at %d, event %s", at, id, last.Position, last.ID)
	}
	if d := cmp.Diff(shown(t, before.Snapshot()), shown(t, after.Snapshot())); d != "" {
		t.Errorf("saved (-) and restored (+):\n%s", d)
	}
	// What comes next is folded into both alike: relations are counted, what is
	// wrong is forgotten once it is mended.
	story.
		Add(payments, event.EntityChanged{Declaration: projectiontest.Component("payments", "team-b")}).
		Add("component:default/ledger", event.EntityChanged{Declaration: projectiontest.Component("ledger", "team-b")}).
		Add("component:default/third", event.EntityRegistered{Declaration: projectiontest.Component("third", "team-b")})
	for _, c := range []*entities.Catalog{before, after} {
		if err := c.Apply(t.Context(), story.Records()); err != nil {
			t.Fatal(err)
		}
	}
	if d := cmp.Diff(shown(t, before.Snapshot()), shown(t, after.Snapshot())); d != "" {
		t.Errorf("folded on (-) and restored, then folded on (+):\n%s", d)
	}
}

func TestRestoreRefuses(t *testing.T) {
	good := entities.New()
	if err := good.Apply(t.Context(), savedStory(t).Records()); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "catalog.snapshot")
	if err := good.Save(path); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	flipped := append([]byte{}, content...)
	flipped[len(flipped)-7] ^= 1
	more := append(catalog.BuiltIn(), catalog.Kind{Name: "Spaceship", APIVersions: []string{"acme.example/v1"}})
	for _, tt := range []struct {
		name    string
		content []byte
		kinds   catalog.Kinds
		same    func(eventlog.Position, string) bool
	}{
		{"empty", nil, nil, anyLog},
		{"another file", []byte("hello, this is no catalog but long enough to be read as the head of one, is it not?"), nil, anyLog},
		{"a bit that is not as it was", flipped, nil, anyLog},
		{"cut short", content[:len(content)-20], nil, anyLog},
		{"another log", content, nil, func(eventlog.Position, string) bool { return false }},
		{"other kinds", content, more, anyLog},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "catalog.snapshot")
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			c := entities.New()
			if tt.kinds != nil {
				c = entities.NewOf(tt.kinds)
			}
			if err := c.Restore(path, tt.same); fault.KindOf(err) != fault.Invalid {
				t.Errorf("restored with %v, want a refusal", err)
			}
			// The catalog is as new: the log tells all of it.
			if err := c.Apply(t.Context(), savedStory(t).Records()); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(shown(t, good.Snapshot()), shown(t, c.Snapshot())); d != "" {
				t.Errorf("folded from the log (-) and after a refusal (+):\n%s", d)
			}
		})
	}
	if err := entities.New().Restore(filepath.Join(t.TempDir(), "none"), anyLog); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no file: %v", err)
	}
}

// BenchmarkRestore is a start with 100,000 entities.
func BenchmarkRestore(b *testing.B) {
	c := entities.New()
	if err := c.Apply(b.Context(), changes(b, 100_000, 100_000)); err != nil {
		b.Fatal(err)
	}
	path := filepath.Join(b.TempDir(), "catalog.snapshot")
	if err := c.Save(path); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := entities.New().Restore(path, anyLog); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/100_000, "bytes/entity")
}
