package cloudevents_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/ingest"
	"github.com/callboard/callboard/internal/fault"
)

const sha = "9f0c3a5b7d1e2f4a6b8c0d1e2f3a4b5c6d7e8f90"

// structured is an event with what CDEvents puts into its data.
func structured(typ, subject, content, custom string) string {
	return fmt.Sprintf(`{"specversion": "1.0", "id": "e-1", "source": "/ci", "type": %q, "time": "2026-03-02T10:00:00+01:00", "data":
  {"context": {"version": "0.3.0", "timestamp": "2026-03-01T00:00:00Z"}, "subject": {"id": %q, "type": "service", "content": {%s}}, "customData": %s}}`, typ, subject, content, custom)
}

func delivery(contentType, body string) ingest.Delivery {
	return ingest.Delivery{Header: http.Header{"Content-Type": {contentType}}, Body: []byte(body)}
}

func cases() []struct {
	name, body, subject string
	said                event.Data // nil: nothing
	reason              string     // why it says nothing, or what of it is of no use
} {
	const production = `"environment": {"id": "production", "source": "/k8s"}, "artifactId": "pkg:oci/x@sha256%3A1"`
	nine := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	deployed := event.ActivityDeployment{
		Repository: event.Repository{Source: "ci"}, ID: "e-1", Environment: "production", Status: event.StatusSuccess,
		Commit: sha, Finished: nine, Entity: "component:default/payments",
	}
	removed, plain := deployed, deployed
	removed.Status, removed.Commit, removed.Entity = event.StatusCanceled, "", "resource:acme/queue"
	plain.Commit, plain.Entity = "", ""
	finished := event.ActivityPipeline{
		Repository: event.Repository{Source: "ci"}, ID: "run-7", Name: "build", Status: event.StatusFailure, URL: "https://ci.example/7", Finished: nine,
	}
	queued, started := finished, finished
	queued.Status, queued.URL, queued.Finished = event.StatusPending, "", time.Time{}
	started.Status, started.Started, started.Finished = event.StatusRunning, nine, time.Time{}
	entity := `{"entity": "component:Payments", "commit": "` + sha + `"}`
	return []struct {
		name, body, subject string
		said                event.Data
		reason              string
	}{
		{"deployed", structured("dev.cdevents.service.deployed.0.1.1", "payments", production, entity), "component:default/payments", deployed, ""},
		{"upgraded, of another version", structured("dev.cdevents.service.upgraded.0.2.0-draft", "payments", production, `{"entity": "payments", "commit": "`+sha+`"}`), "component:default/payments", deployed, ""},
		{"rolled back", structured("dev.cdevents.service.rolledback.0.1.0", "payments", production, entity), "component:default/payments", deployed, ""},
		{"removed, about a subject that is an entity", structured("dev.cdevents.service.removed.0.1.1", "resource:acme/queue", production, `null`), "resource:acme/queue", removed, ""},
		{"of no entity", structured("dev.cdevents.service.deployed", "my service", production, `{"entity": "a b/c", "commit": "main"}`), "my service", plain, `"a b/c" names no entity`},
		{"custom data of another form", structured("dev.cdevents.service.deployed.0.1.1", "pod/1", production, `"text"`), "pod/1", plain, ""},
		{"of no environment", structured("dev.cdevents.service.deployed.0.1.1", "payments", `"environment": "production"`, `{}`), "", nil, "names no environment"},
		{"published", structured("dev.cdevents.service.published.0.1.1", "payments", production, `{}`), "", nil, "a service is published"},

		{"queued", structured("dev.cdevents.pipelinerun.queued.0.1.0", "run-7", `"pipelineName": "build", "uri": "javascript:x"`, `{}`), "run-7", queued, ""},
		{"started", structured("dev.cdevents.pipelinerun.started.0.1.0", "run-7", `"pipelineName": "build", "url": "https://ci.example/7"`, `{}`), "run-7", started, ""},
		{"finished", structured("dev.cdevents.pipelinerun.finished.0.2.0", "run-7", `"pipelineName": "build", "uri": "https://ci.example/7", "outcome": "error"`, `{}`), "run-7", finished, ""},
		{"finished in a way that nobody knew", structured("dev.cdevents.pipelinerun.finished.0.2.0", "run-7", `"outcome": "entangled"`, `{}`), "", nil, `"entangled" is not known`},
		{"a task", structured("dev.cdevents.taskrun.finished.0.2.0", "task-1", `"outcome": "success"`, `{}`), "", nil, "about taskrun"},
		{"an environment", structured("dev.cdevents.environment.created.0.1.1", "production", ``, `{}`), "", nil, "about environment"},
		{"foreign", structured("example.coffee.brewed", "cup", ``, `{}`), "", nil, "type example.coffee.brewed are foreign"},
		{"a prefix alone", structured("dev.cdevents.", "x", ``, `{}`), "", nil, "are foreign"},
	}
}

func TestTranslate(t *testing.T) {
	s := newSource(t)
	for _, tt := range cases() {
		t.Run(tt.name, func(t *testing.T) {
			m, err := s.Translate(delivery("application/cloudevents+json", tt.body))
			if err != nil {
				t.Fatal(err)
			}
			check(t, m)
			if tt.said == nil {
				if len(m.Said) > 0 || !strings.Contains(m.Reason, tt.reason) {
					t.Errorf("got %+v, want nothing because %q", m, tt.reason)
				}
				return
			}
			if !strings.Contains(m.Note, tt.reason) || (tt.reason == "") != (m.Note == "") {
				t.Errorf("the note is %q, want %q", m.Note, tt.reason)
			}
			m.Note = ""
			e, err := event.New("/sources/ci", tt.subject, tt.said)
			if err != nil {
				t.Fatal(err)
			}
			e.Time = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			if diff := cmp.Diff(ingest.Meaning{Said: []event.Event{e}}, m, cmp.Transformer("text", func(b []byte) string { return string(b) })); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The same event means the same in each of the modes, and a batch means what its
// events mean.
func TestModes(t *testing.T) {
	s := newSource(t)
	one := cases()[0].body
	want, err := s.Translate(delivery("application/cloudevents+json", one))
	if err != nil || len(want.Said) != 1 {
		t.Fatalf("%+v, %v", want, err)
	}
	_, data, _ := strings.Cut(one, `"data":`)
	binary := ingest.Delivery{Body: []byte(strings.TrimSuffix(data, "}")), Header: http.Header{
		"Content-Type": {"application/json"}, "Ce-Specversion": {"1.0"}, "Ce-Id": {"e-1"}, "Ce-Source": {"/ci"},
		"Ce-Type": {"dev.cdevents.service.deployed.0.1.1"}, "Ce-Time": {"2026-03-02T10:00:00+01:00"}, "Ce-Not-A-Name": {"x"},
	}}
	if got, err := s.Translate(binary); err != nil || !cmp.Equal(want, got) {
		t.Errorf("binary: %v\n%s", err, cmp.Diff(want, got))
	}
	foreign := cases()[len(cases())-2].body
	got, err := s.Translate(delivery("application/cloudevents-batch+json", "["+one+","+foreign+","+one+"]"))
	if err != nil || len(got.Said) != 2 || !cmp.Equal(got.Said[0], want.Said[0]) || got.Reason != "" {
		t.Errorf("a batch means %+v, %v", got, err)
	}
}

func TestTranslateRefuses(t *testing.T) {
	for _, tt := range []struct{ contentType, body, want string }{
		{"application/json", `{}`, "no CloudEvent"},
		{"application/cloudevents+json", `{"id"`, "not a CloudEvent in JSON"},
		{"application/cloudevents+json", `{"specversion": "0.3", "id": "1", "source": "/ci", "type": "x"}`, "specversion"},
		{"application/cloudevents+json", `{"specversion": "1.0", "source": "/ci", "type": "x"}`, "no id"},
		{"application/cloudevents-batch+json", `{}`, "array"},
		{"application/cloudevents-batch+json", `[{"specversion": "1.0", "id": "1", "source": "/ci", "type": "x"}, {}]`, "event 2"},
	} {
		_, err := newSource(t).Translate(delivery(tt.contentType, tt.body))
		if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %s: got %v, want it invalid with %q", tt.contentType, tt.body, err, tt.want)
		}
	}
}

// check holds a meaning to what the translator relies on.
func check(tb testing.TB, m ingest.Meaning) {
	tb.Helper()
	if m.Push != nil || m.Look || m.Gone || m.Survey || m.Repository.ID != "" {
		tb.Errorf("there is no forge, and yet: %+v", m)
	}
	for i, e := range m.Said {
		e.ID = event.DeriveID(i, "test")
		if err := e.Validate(); err != nil {
			tb.Error(err)
		}
		data, err := e.Decode()
		if err != nil {
			tb.Error(err)
		}
		if _, unknown := data.(event.Unknown); unknown {
			tb.Errorf("an event of no known type: %s", e.Type)
		}
	}
}

func FuzzTranslate(f *testing.F) {
	for _, tt := range cases() {
		f.Add("application/cloudevents+json", "", []byte(tt.body))
		f.Add("application/cloudevents-batch+json", "", []byte("["+tt.body+"]"))
	}
	f.Add("text/plain", "dev.cdevents.pipelinerun.queued", []byte(`{"subject": {"id": "%41"}}`))
	s := newSource(f)
	f.Fuzz(func(t *testing.T, contentType, typ string, body []byte) {
		d := delivery(contentType, string(body))
		if typ != "" {
			for name, value := range map[string]string{"Specversion": "1.0", "Id": typ, "Source": typ, "Type": typ, "Subject": typ} {
				d.Header.Set("Ce-"+name, value)
			}
		}
		m, err := s.Translate(d)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("an error of kind %s: %v", fault.KindOf(err), err)
			}
			return
		}
		check(t, m)
		d.Header.Set("Authorization", "Bearer "+secret)
		if r, err := s.Verify(d.Header, body); err != nil || r.ID == "" && len(m.Said) > 0 {
			t.Errorf("it is named %+v, %v", r, err)
		}
	})
}
