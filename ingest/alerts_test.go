package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
	"github.com/callboard/callboard/eventlog/eventlogtest"
	"github.com/callboard/callboard/eventlog/pubsub"
	"github.com/callboard/callboard/eventlog/reactor"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

// alerting is a source whose forge lists alerts.
type alerting struct {
	source
	lister *lister
}

func (a alerting) Forge() ingest.Forge { return a.lister }

type lister struct {
	*forge
	alerts map[string][]ingest.Alert
	asked  int
	err    error
	once   error // of the next question, and no other

	sizes   map[string]float64
	counted int
}

func (l *lister) Languages(context.Context, ingest.Repository) (map[string]float64, error) {
	l.counted++
	return l.sizes, l.err
}

func (l *lister) OpenAlerts(context.Context, ingest.Repository) (map[string][]ingest.Alert, error) {
	l.asked++
	if err := l.once; err != nil {
		l.once = nil
		return nil, err
	}
	return l.alerts, l.err
}

func newAlertingWorld(t *testing.T) (*world, *lister) {
	t.Helper()
	w := newObservingWorld(t)
	l := &lister{forge: w.forge}
	w.sources = []ingest.Source{alerting{source{"github", w.forge}, l}}
	w.restart()
	w.forge.push("x", "mossbank", files{"README.md": "x"})
	return w, l
}

func alertOf(id, severity string, at time.Time) ingest.Alert {
	return ingest.Alert{ActivityAlert: event.ActivityAlert{ID: id, State: event.AlertOpen, Severity: severity, Opened: at.Add(-24 * time.Hour)}, Updated: at}
}

// Open alerts are asked for once, when somebody looks at a repository, and after a gap: not
// at each push.
func TestAlertsAreListedOnce(t *testing.T) {
	w, l := newAlertingWorld(t)
	repo := event.Repository{Source: "github", ID: "x", FullName: "acme/x"}
	opened := time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)
	l.alerts = map[string][]ingest.Alert{"dependencies": {alertOf("2", "high", opened.AddDate(0, 0, 1)), alertOf("1", "low", opened)}, "secrets": {}}
	w.handle(w.delivery("x", w.forge.repo("x").head))
	if l.asked != 0 {
		t.Errorf("a push had the forge asked %d times", l.asked)
	}
	looked := eventlog.Position(0)
	look := func(gap string, want ...string) {
		t.Helper()
		looked = w.position()
		w.due(event.RepositoryDue{Repository: repo, Reason: "found", Gap: gap})
		var got []string
		for rec, err := range w.log.Read(t.Context(), looked) {
			if err != nil {
				t.Fatal(err)
			}
			data, err := rec.Decode()
			if err != nil {
				t.Fatal(err)
			}
			switch d := data.(type) {
			case event.ActivityAlert:
				if d.Repository != repo || rec.Cause.Delivery == "" {
					t.Errorf("alert %s is of %+v, because of %+v", d.ID, d.Repository, rec.Cause)
				}
				got = append(got, fmt.Sprintf("%s %s/%s %s %s", rec.Time.Format(time.DateOnly), d.Tool, d.ID, d.State, d.Severity))
			case event.FactRecorded:
				if d.Fact == event.FactAlerts {
					got = append(got, string(d.Value))
				}
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	look("", "2026-01-02 dependencies/1 open low", "2026-01-03 dependencies/2 open high", `{"dependencies":["1","2"],"secrets":[]}`)
	look("")
	if l.asked != 1 {
		t.Errorf("the forge was asked %d times, want once", l.asked)
	}
	l.alerts = map[string][]ingest.Alert{"dependencies": {alertOf("2", "high", opened.AddDate(0, 0, 1)), alertOf("3", "", opened.AddDate(0, 0, 9))}}
	look("g1", "2026-01-11 dependencies/3 open ", `{"dependencies":["2","3"]}`) // what is as it was is told once
}

// A forge all of whose tools are off is not asked again; one that cannot answer is. It holds
// up nothing, unless it answers nothing else either.
func TestAlertsThatCannotBeListed(t *testing.T) {
	w, l := newAlertingWorld(t)
	repo := event.Repository{Source: "github", ID: "x", FullName: "acme/x"}
	for i, err := range []error{fault.New(fault.Invalid, "fake: no"), fault.New(fault.Unavailable, "fake: trouble")} {
		l.err = err
		w.due(event.RepositoryDue{Repository: repo, Reason: "found"})
		if h := w.outcome(); l.asked != i+1 || h.Status != event.DeliveryDone || h.Error != err.Error()+"; all else was read, and this is asked for again" || h.Commit != w.forge.repo("x").head {
			t.Errorf("%v: it was asked %d times, and the look is %+v", err, l.asked, h)
		}
	}
	l.err = fault.Later(time.Minute, "fake: too many")
	later := w.look(event.RepositoryDue{Repository: repo, Reason: "found"})
	if err := w.try(later); l.asked != 3 || fault.RetryAfter(err) != time.Minute {
		t.Errorf("a forge that says when to come again gives %v", err)
	}
	l.err = nil
	w.handle(later)
	if h := w.outcome(); l.asked != 4 || h.Status != event.DeliveryDone || h.Error != "" {
		t.Errorf("when it answers, the look is %+v", h)
	}
	w.due(event.RepositoryDue{Repository: repo, Reason: "found"})
	if l.asked != 4 {
		t.Error("it was asked again although it had answered")
	}
}

// What a look led to is told as a whole, however many attempts it took: of one that failed
// halfway, and of one in whose midst the process was killed.
func TestAttemptsThatBrokeOff(t *testing.T) {
	const most = 4 // the repository, its files, alerts and languages
	w, l := newAlertingWorld(t)
	l.err, l.alerts, l.sizes = errors.New("fake: broken"), map[string][]ingest.Alert{"secrets": {}}, map[string]float64{"Go": 1}
	look := func(repo string) eventlog.Record {
		t.Helper()
		return w.look(event.RepositoryDue{Repository: event.Repository{Source: "github", ID: repo, FullName: "acme/" + repo}, Reason: "found"})
	}
	killed := look("x")
	for _, r := range w.translator.Reactors() {
		if err := r.React(t.Context(), killed); !errors.Is(err, l.err) {
			t.Fatalf("%v", err)
		}
	}
	w.restart()
	l.err = nil
	w.handle(killed)
	if h := w.outcome(); len(h.Events) != most {
		t.Errorf("once killed, it led to %v", h.Events)
	}

	w.forge.push("y", "mossbank", files{"README.md": "y"})
	failing := look("y")
	l.once = errors.New("fake: broken")
	runner, err := reactor.New(w.deliveries, eventlogtest.NewMemory(), reactor.Options{Logger: quiet(), Backoff: pubsub.Backoff{First: time.Millisecond}}, w.translator.Reactors()...)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(ctx) }()
	for rec, err := range w.deliveries.Follow(t.Context(), failing.Position) {
		if err != nil {
			t.Fatal(err)
		}
		if rec.Type != event.TypeDeliveryHandled || rec.Subject != failing.Subject {
			continue
		}
		if h, err := event.DecodeAs[event.DeliveryHandled](rec.Event); err != nil || h.Attempts != 2 || len(h.Events) != most {
			t.Errorf("once failed, it led to %v in %d attempts, %v", h.Events, h.Attempts, err)
		}
		break
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Languages are asked for at looks, of each commit once, and are news if a share is another.
func TestLanguages(t *testing.T) {
	w, l := newAlertingWorld(t)
	repo := event.Repository{Source: "github", ID: "x", FullName: "acme/x"}
	look := func(asked int, want string) {
		t.Helper()
		from := w.position()
		w.due(event.RepositoryDue{Repository: repo, Reason: "daily reading"})
		got := ""
		for rec, err := range w.log.Read(t.Context(), from) {
			if err != nil {
				t.Fatal(err)
			}
			if d, err := event.DecodeAs[event.FactRecorded](rec.Event); err == nil && d.Fact == event.FactLanguages {
				got = string(d.Value)
			}
		}
		if got != want || l.counted != asked {
			t.Errorf("asked %d times, got %s; want %d and %s", l.counted, got, asked, want)
		}
	}
	first := w.forge.repo("x").head
	l.sizes = map[string]float64{"Go": 2000, "Shell": 1}
	w.handle(w.delivery("x", first))
	look(1, `{"commit":"`+first+`","shares":{"Go":1,"Shell":0}}`)
	look(1, "")
	w.forge.push("x", "mossbank", files{"README.md": "y"})
	look(2, "") // the branch moved, and the shares are the same
	l.sizes = map[string]float64{"Go": 75, "Shell": 25}
	look(3, `{"commit":"`+w.forge.repo("x").head+`","shares":{"Go":0.75,"Shell":0.25}}`)
	w.forge.push("x", "mossbank", files{"README.md": "z"})
	l.sizes = map[string]float64{}
	look(4, `{"commit":"`+w.forge.repo("x").head+`","shares":{}}`)
	w.forge.push("x", "mossbank", files{"README.md": "a"})
	l.err = fault.New(fault.Denied, "fake: no")
	look(5, "")
}
