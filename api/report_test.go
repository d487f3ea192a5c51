package api_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/api"
	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

var reportedAt = time.Date(2026, 3, 12, 9, 0, 0, 0, time.UTC)

func TestParseReports(t *testing.T) {
	by, got, err := api.ParseReports([]byte(`{"by": "ci", "facts": [
		{"entity": "payments", "name": "coverage", "value": 83.1, "ttl": "7d", "id": "job-1"},
		{"source": "github", "repository": "acme/ledger", "name": "sbom", "value": {"a": [1]}, "time": "2026-03-11T09:00:00Z", "until": "2026-04-01T00:00:00Z"},
		{"entity": "api:bank/rates", "name": "gone", "value": null, "time": null, "until": null}]}`), reportedAt)
	if err != nil {
		t.Fatal(err)
	}
	want := []event.Report{
		{Entity: "component:default/payments", Name: "coverage", Value: json.RawMessage("83.1"), Until: reportedAt.AddDate(0, 0, 7), ID: "job-1"},
		{
			Repository: event.Repository{Source: "github", FullName: "acme/ledger"}, Name: "sbom", Value: json.RawMessage(`{"a": [1]}`),
			Time: reportedAt.AddDate(0, 0, -1), Until: time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC),
		},
		{Entity: "api:bank/rates", Name: "gone", Value: json.RawMessage("null")},
	}
	if diff := cmp.Diff(want, got); diff != "" || by != "ci" {
		t.Errorf("by %q (-want +got):\n%s", by, diff)
	}
}

func TestParseReportsRefuses(t *testing.T) {
	fact := func(rest string) string {
		return `{"by": "ci", "facts": [{"entity": "payments", "name": "a", "value": 1}, {` + rest + `}]}`
	}
	for _, tt := range []struct{ body, want string }{
		{``, "Unexpected end of JSON input"},
		{`[]`, "the body must be an object"},
		{`{"by": "ci"}`, "facts is missing"},
		{`{"by": "ci", "facts": [{"entity": "a", "nom": "b"}]}`, `facts[0]: there is no field "nom"`},
		{`{"from": "ci", "facts": []}`, `the body cannot be read: there is no field "from"`},
		{`{"by": "ci", "facts": "a"}`, "the body cannot be read: facts must be a list, found string"},
		{`{"by": 3, "facts": []}`, "the body cannot be read: by must be a string, found number"},
		{fact(`"entity": "a", "name": 7, "value": 1`), "facts[1]: name must be a string, found number"},
		{`{"facts": [7]}`, "facts[0]: it must be an object, found number"},
		{fact(`"entity": "a", "name": "a", "value": 1e999`), "facts[1]: value: the number 1e999 is too large; the largest are some 1.7e308"},
		{fact(`"entity": "a", "name": "a", "value": {"b": [-1e400]}`), "facts[1]: value: the number -1e400 is too large"},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": "yesterday"`), `facts[1]: time must be a moment such as 2026-03-12T09:00:00Z, found "yesterday"`},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": "2026-03-12"`), `facts[1]: time must be a moment such as 2026-03-12T09:00:00Z, found "2026-03-12"`},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": 1773306000`), "facts[1]: time must be a moment such as 2026-03-12T09:00:00Z, found 1773306000"},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": ""`), `facts[1]: time must be a moment such as 2026-03-12T09:00:00Z, found ""`},
		{fact(`"entity": "a", "name": "a", "value": 1, "until": {"a": 1}`), `facts[1]: until must be a moment such as 2026-03-12T09:00:00Z, found {"a": 1}`},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": "0001-01-01T00:00:00Z"`), "facts[1]: time must not be before 1970, found 0001-01-01T00:00:00Z; leave it out if you cannot tell"},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": "1969-12-31T23:59:59Z"`), "facts[1]: time must not be before 1970"},
		{fact(`"entity": "a", "name": "a", "value": 1, "until": "0001-01-01T00:00:00Z"`), "facts[1]: until must not be before 1970"},
		{fact(`"name": "a", "value": 1`), "facts[1]: entity is missing, or source and repository"},
		{fact(`"source": "github", "name": "a", "value": 1`), "facts[1]: entity is missing, or source and repository"},
		{fact(`"entity": "a", "source": "github", "repository": "b", "name": "a", "value": 1`), "facts[1]: it is of an entity or of a repository"},
		{fact(`"entity": "::", "name": "a", "value": 1`), "facts[1]: entity: "},
		{fact(`"entity": "a", "value": 1`), `facts[1]: name: "" is no name`},
		{fact(`"entity": "a", "name": "1a", "value": 1`), `facts[1]: name: "1a" is no name`},
		{fact(`"entity": "a", "name": "a"`), "facts[1]: value is missing"},
		{fact(`"entity": "a", "name": "a", "value": "` + strings.Repeat("x", 17<<10) + `"`), "facts[1]: value has 17410 bytes; the most is 16384"},
		{fact(`"entity": "a", "name": "a", "value": ` + strings.Repeat("[", 33) + strings.Repeat("]", 33)), "facts[1]: value is nested more than 32 deep"},
		{fact(`"entity": "a", "name": "a", "value": 1, "time": "2026-03-12T09:06:00Z"`), "facts[1]: time is still to come"},
		{fact(`"entity": "a", "name": "a", "value": 1, "until": "2026-03-12T09:00:00Z"`), "facts[1]: until must be after"},
		{fact(`"entity": "a", "name": "a", "value": 1, "until": "2026-04-12T09:00:00Z", "ttl": "1h"`), "facts[1]: give until or ttl"},
		{fact(`"entity": "a", "name": "a", "value": 1, "ttl": "a week"`), "facts[1]: ttl must be a span"},
		{fact(`"entity": "a", "name": "a", "value": 1, "ttl": "99999d"`), "facts[1]: ttl must be a span"},
		{fact(`"entity": "a", "name": "a", "value": 1, "id": "` + strings.Repeat("x", 201) + `"`), "facts[1]: id has more than 200"},
		{`{"facts": [` + strings.Repeat(`{"entity": "a", "name": "a", "value": 1},`, 500) + `{"entity": "a", "name": "a", "value": 1}]}`, "there are 501 facts"},
	} {
		_, _, err := api.ParseReports([]byte(tt.body), reportedAt)
		if err == nil || fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "Go ") || strings.Contains(err.Error(), "json:") {
			t.Errorf("%.80s: %v, want %s", tt.body, err, tt.want)
		}
	}
}

// Whatever is sent, it is refused as invalid, or is facts that an event can hold.
func FuzzReports(f *testing.F) {
	f.Add([]byte(`{"by": "ci", "facts": [{"entity": "payments", "name": "coverage", "value": 83.1, "ttl": "7d", "id": "1", "time": "2026-03-11T09:00:00Z"}]}`))
	f.Add([]byte(`{"facts": [{"source": "github", "repository": "a/b", "name": "x", "value": {"a": "\u0000"}, "until": "2027-01-01T00:00:00Z"}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		_, reports, err := api.ParseReports(body, reportedAt)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("%v is not invalid", err)
			}
			return
		}
		for _, r := range reports {
			if (r.Entity == "") == (r.Repository.FullName == "") {
				t.Error("it is about nothing, or about two things")
			}
			e, err := event.New("/facts", fmt.Sprint(r.Entity, r.Repository.FullName), event.FactRecorded{
				Fact: event.FactReported + r.Name, Entity: r.Entity, Repository: r.Repository, Value: r.Value, Until: r.Until,
			})
			if err != nil {
				t.Fatalf("no event can hold it: %v", err)
			}
			if _, err := e.Decode(); err != nil {
				t.Fatalf("nobody can read it: %v", err)
			}
		}
	})
}
