package moments_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections"
	"github.com/callboard/callboard/projections/entities"
	"github.com/callboard/callboard/projections/moments"
	"github.com/callboard/callboard/projections/projectiontest"
)

// Who asks by what was on record before anything was is told from when on something is.
func TestBeforeTheRecord(t *testing.T) {
	w := long(t, 2, 2)
	begin := w.log[0].Recorded.UTC()
	for _, q := range []struct{ at, known string }{
		{"1999-01-01", moments.Then}, {"", "1999-01-01"}, {"", begin.Add(-time.Second).Format(time.RFC3339)},
	} {
		_, err := w.moments.Parse(t.Context(), q.at, q.known)
		if want := "the record begins at " + begin.Format(time.RFC3339) + "; name a moment from then on, or leave known out"; fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), want) {
			t.Errorf("at=%s known=%s: %v; want %q", q.at, q.known, err, want)
		}
	}
	if m, err := w.moments.Parse(t.Context(), "", begin.Format(time.RFC3339Nano)); err != nil || m.Known != 1 {
		t.Errorf("from its first event on it is known: %+v, %v", m, err)
	}
}

// long is a world with more events than are read while somebody waits: so many
// entities, and then as many changes of them, a minute apart.
func long(t *testing.T, entitiesThere, changes int) *world {
	t.Helper()
	w := newWorld(inFile(t, t.Context(), filepath.Join(t.TempDir(), "history.db")), true)
	for i := range entitiesThere + changes {
		name := fmt.Sprintf("service-%04d", i%entitiesThere)
		d := projectiontest.Component(name, fmt.Sprintf("team-%d", i%7))
		d.Origin.Path = name + ".yaml"
		var data event.Data = event.EntityRegistered{Declaration: d}
		if i >= entitiesThere {
			data = event.EntityChanged{Declaration: d}
		}
		w.add(t, i, false, "component:default/"+name, data)
	}
	w.fold(t, t.Context())
	return w
}

// Before all versions are read, a moment nearby is folded, one far away waits for
// them, and both are what they are.
func TestMomentsOfALongLog(t *testing.T) {
	w := long(t, 2500, 3000)
	plain := func(s *entities.Snapshot) map[string]any {
		var all []string
		for _, row := range s.List(entities.Listing{Limit: -1}).Rows {
			all = append(all, row.JSON.String())
		}
		return map[string]any{"all": all, "facets": s.Facets(nil, "spec.owner")}
	}
	for _, minutes := range []int{5490, 2600, 5400, 1, 3000} {
		m := projections.Moment{At: start.Add(time.Duration(minutes) * time.Minute)}
		got, err := w.moments.Catalog(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		if d := gocmp.Diff(plain(w.replayed(t, t.Context(), m)), plain(got)); d != "" {
			t.Errorf("after %d minutes (-replayed +got):\n%s", minutes, d)
		}
	}
}

// held is a past that says when it is asked, and answers once it may.
type held struct {
	moments.Past
	asked func()
	may   chan struct{}
}

func (h held) Entangled(ctx context.Context) ([]string, error) {
	h.asked()
	<-h.may
	return h.Past.Entangled(ctx)
}

// Who does not wait for a moment finds it later.
func TestWhoDoesNotWaitFindsItLater(t *testing.T) {
	w := long(t, 3, 3)
	may := make(chan struct{})
	soon, cancel := context.WithCancel(t.Context())
	m := moments.New(w.catalog, held{w.history, cancel, may}, w, func(context.Context, eventlog.Position) error { return nil }, func() time.Time { return start.AddDate(1, 0, 0) })
	at := projections.Moment{At: start.Add(2 * time.Minute)}
	_, err := m.Catalog(soon, at)
	if !errors.Is(err, projections.ErrBeingMade) || fault.KindOf(err) != fault.Unavailable || fault.RetryAfter(err) == 0 {
		t.Fatalf("while it is being made: %v", err)
	}
	close(may)
	s, err := m.Catalog(t.Context(), at)
	if err != nil || s.Len() != 3 {
		t.Fatalf("%d entities, %v", s.Len(), err)
	}
	if again, err := m.Catalog(t.Context(), at); again != s || err != nil {
		t.Errorf("it was made twice: %v", err)
	}
}

// Who asks for a moment that somebody has made already is told what came since that was
// begun, too.
func TestNewsWhileAMomentIsMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := long(t, 3, 3)
		may := make(chan struct{})
		m := moments.New(w.catalog, held{w.history, func() {}, may}, w, func(context.Context, eventlog.Position) error { return nil }, func() time.Time { return start.AddDate(1, 0, 0) })
		at := projections.Moment{At: start.Add(2 * time.Minute)}
		found := make(chan int, 2)
		ask := func() {
			s, err := m.Catalog(t.Context(), at)
			if err != nil {
				t.Error(err)
			}
			found <- s.Len()
		}
		go ask()
		synctest.Wait()
		w.add(t, 1, false, "component:default/late", event.EntityRegistered{Declaration: projectiontest.Component("late", "team-1")})
		w.fold(t, t.Context())
		go ask()
		synctest.Wait()
		close(may)
		if first, second := <-found, <-found; min(first, second) != 3 || max(first, second) != 4 {
			t.Errorf("%d and %d entities, want 3 for who asked before the fourth was on record, and 4 for who asked then", first, second)
		}
	})
}
