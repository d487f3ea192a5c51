package event_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/internal/fault"
)

func TestEncode(t *testing.T) {
	e := event.Event{
		ID: "8fXk", Type: event.TypeEntityChanged, Source: "/sources/github", Subject: "component:default/payments",
		Time:       time.Date(2026, 3, 3, 15, 0, 0, 120, time.FixedZone("", 3600)),
		Actor:      event.Actor{Name: "Pebble <Dash>", Email: "pebbledash@acme.example", Login: "pebbledash"},
		Cause:      event.Cause{Delivery: "github:72d3", Commit: "9c1185a", CommitURL: "https://forge.example/c/9c1185a?a&b", Request: "r1", Schedule: "hourly 3"},
		Extensions: map[string]string{"traceparent": "00-4bf9"},
		Data:       []byte(`{"ref": "component:default/payments"}`),
	}
	got, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"specversion":"1.0",` +
		`"actoremail":"pebbledash@acme.example","actorlogin":"pebbledash","actorname":"Pebble <Dash>",` +
		`"causecommit":"9c1185a","causecommiturl":"https://forge.example/c/9c1185a?a&b","causedelivery":"github:72d3","causerequest":"r1","causeschedule":"hourly 3",` +
		`"datacontenttype":"application/json","id":"8fXk","source":"/sources/github","subject":"component:default/payments",` +
		`"time":"2026-03-03T14:00:00.00000012Z","traceparent":"00-4bf9","type":"entity.changed.v1",` +
		`"data":{"ref":"component:default/payments"}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("Encode (-want +got):\n%s", diff)
	}
}

func TestEncodeData(t *testing.T) {
	for _, c := range []struct {
		name, contentType, data string
		want                    string // what stands in the JSON for it
	}{
		{"none", "", "", `"id":"i","source":"/s","type":"t"`},
		{"JSON", "", `{"a":[1,2]}`, `"datacontenttype":"application/json","id":"i","source":"/s","type":"t","data":{"a":[1,2]}`},
		{"JSON on several lines", "", "{\n  \"a\": 1\n}\n", `"datacontenttype":"application/json","id":"i","source":"/s","type":"t","data":{"a":1}`},
		{"null", "", `null`, `"datacontenttype":"application/json","id":"i","source":"/s","type":"t","data":null`},
		{"a vendor's JSON", "application/vnd.acme+json; v=1", `7`, `"datacontenttype":"application/vnd.acme+json; v=1","id":"i","source":"/s","type":"t","data":7`},
		{"bytes", "", "\x00\xff", `"datacontenttype":"application/octet-stream","id":"i","source":"/s","type":"t","data_base64":"AP8="`},
		{"JSON but for its encoding", "", "\"\xff\"", `"datacontenttype":"application/octet-stream","id":"i","source":"/s","type":"t","data_base64":"Iv8i"`},
		{"text", "text/plain", `7`, `"datacontenttype":"text/plain","id":"i","source":"/s","type":"t","data_base64":"Nw=="`},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := event.Event{ID: "i", Type: "t", Source: "/s", Data: []byte(c.data)}
			if c.contentType != "" {
				e.Extensions = map[string]string{"datacontenttype": c.contentType}
			}
			got, err := event.Encode(e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(`{"specversion":"1.0",`+c.want+`}`, string(got)); diff != "" {
				t.Errorf("Encode (-want +got):\n%s", diff)
			}
			if bytes.ContainsRune(got, '\n') {
				t.Error("it takes more than one line")
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       event.Event
	}{
		{
			"only what must be there", `{"specversion":"1.0","id":"i","source":"/s","type":"t"}`,
			event.Event{ID: "i", Source: "/s", Type: "t"},
		},
		{
			"extensions that are no text",
			`{"specversion":"1.0","id":"i","source":"/s","type":"t","sampled":true,"partition":7,"gone":null,"subject":null}`,
			event.Event{ID: "i", Source: "/s", Type: "t", Extensions: map[string]string{"sampled": "true", "partition": "7"}},
		},
		{
			"a time elsewhere", `{"specversion":"1.0","id":"i","source":"/s","type":"t","time":"2026-03-03T15:00:00.5+01:00"}`,
			event.Event{ID: "i", Source: "/s", Type: "t", Time: time.Date(2026, 3, 3, 14, 0, 0, 500_000_000, time.UTC)},
		},
		{
			"data keeps its bytes", `{"specversion":"1.0","id":"i","source":"/s","type":"t","data": {"n": 1.0e2} }`,
			event.Event{ID: "i", Source: "/s", Type: "t", Data: []byte(`{"n": 1.0e2}`)},
		},
		{
			"text", `{"specversion":"1.0","id":"i","source":"/s","type":"t","datacontenttype":"text/plain","data":"caf\u00e9"}`,
			event.Event{ID: "i", Source: "/s", Type: "t", Data: []byte("café"), Extensions: map[string]string{"datacontenttype": "text/plain"}},
		},
		{
			"JSON in base64", `{"specversion":"1.0","id":"i","source":"/s","type":"t","datacontenttype":"application/json","data_base64":"Nw=="}`,
			event.Event{ID: "i", Source: "/s", Type: "t", Data: []byte("7")},
		},
		{
			"actor and cause",
			`{"specversion":"1.0","id":"i","source":"/s","type":"t","actorlogin":"kestrel-7","causerequest":"r9"}`,
			event.Event{ID: "i", Source: "/s", Type: "t", Actor: event.Actor{Login: "kestrel-7"}, Cause: event.Cause{Request: "r9"}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := event.Parse([]byte(c.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("Parse (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", ``, "not a CloudEvent"},
		{"a list", `[]`, "not a CloudEvent"},
		{"null", `null`, "specversion"},
		{"no version", `{"id":"i","source":"/s","type":"t"}`, "specversion"},
		{"another version", `{"specversion":"0.3","id":"i","source":"/s","type":"t"}`, `"0.3"`},
		{"no id", `{"specversion":"1.0","source":"/s","type":"t"}`, "no id"},
		{"an empty id", `{"specversion":"1.0","id":"","source":"/s","type":"t"}`, "no id"},
		{"no source", `{"specversion":"1.0","id":"i","type":"t"}`, "no source"},
		{"no type", `{"specversion":"1.0","id":"i","source":"/s"}`, "no type"},
		{"an upper-case name", `{"specversion":"1.0","id":"i","source":"/s","type":"t","traceParent":"x"}`, `"traceParent"`},
		{"an object for an extension", `{"specversion":"1.0","id":"i","source":"/s","type":"t","trace":{}}`, `"trace"`},
		{"a time that is none", `{"specversion":"1.0","id":"i","source":"/s","type":"t","time":"yesterday"}`, `"yesterday"`},
		{"a time before all logs", `{"specversion":"1.0","id":"i","source":"/s","type":"t","time":"1066-10-14T09:00:00Z"}`, "1066"},
		{"data twice", `{"specversion":"1.0","id":"i","source":"/s","type":"t","data":1,"data_base64":"Nw=="}`, "both"},
		{"base64 that is none", `{"specversion":"1.0","id":"i","source":"/s","type":"t","data_base64":"???"}`, "data_base64"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := event.Parse([]byte(c.text))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want) {
				t.Errorf("Parse = %v, want an error of kind invalid that mentions %s", err, c.want)
			}
		})
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(*event.Event)
		want string // in the error; empty for none
	}{
		{"a good one", func(*event.Event) {}, ""},
		{"no id", func(e *event.Event) { e.ID = "" }, "no id"},
		{"no type", func(e *event.Event) { e.Type = "" }, "no type"},
		{"no source", func(e *event.Event) { e.Source = "" }, "no source"},
		{"no subject", func(e *event.Event) { e.Subject = "" }, ""},
		{"a broken name", func(e *event.Event) { e.Actor.Name = "caf\xe9" }, "actorname is not valid UTF-8"},
		{"an upper-case extension", func(e *event.Event) { e.Extensions = map[string]string{"Trace": ""} }, `"Trace"`},
		{"an extension without a name", func(e *event.Event) { e.Extensions = map[string]string{"": ""} }, `""`},
		{"an extension under the name of a field", func(e *event.Event) { e.Extensions = map[string]string{"causecommit": ""} }, `"causecommit"`},
		{"an extension called data", func(e *event.Event) { e.Extensions = map[string]string{"data": ""} }, `"data"`},
		{"a broken extension", func(e *event.Event) { e.Extensions = map[string]string{"x": "\xff"} }, "extension x"},
		{"no time", func(e *event.Event) { e.Time = time.Time{} }, ""},
		{"1678", func(e *event.Event) { e.Time = time.Date(1678, 1, 1, 0, 0, 0, 0, time.UTC) }, ""},
		{"1677", func(e *event.Event) { e.Time = time.Date(1677, 12, 31, 0, 0, 0, 0, time.UTC) }, "1677"},
		{"the year 10000", func(e *event.Event) { e.Time = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) }, "10000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := event.Event{ID: "i", Type: "t", Source: "/s", Subject: "x", Time: time.Unix(0, 0)}
			c.edit(&e)
			err := e.Validate()
			switch {
			case c.want == "" && err != nil:
				t.Errorf("Validate = %v, want nil", err)
			case c.want != "" && (fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), c.want)):
				t.Errorf("Validate = %v, want an error of kind invalid that mentions %s", err, c.want)
			}
		})
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anEvent(t)
		b, err := event.Encode(want)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(b) {
			t.Fatalf("Encode gives no JSON: %s", b)
		}
		got, err := event.Parse(b)
		if err != nil {
			t.Fatalf("Parse(%s): %v", b, err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("through JSON (-want +got):\n%s", diff)
		}
		got, err = event.FromAttributes(want.Attributes(), want.Data)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("through attributes (-want +got):\n%s", diff)
		}
	})
}

// anEvent draws an event that a log could hold, its data compact if it is JSON.
func anEvent(t *rapid.T) event.Event {
	text := rapid.String()
	some := rapid.StringN(1, -1, -1)
	e := event.Event{
		ID: some.Draw(t, "id"), Type: event.Type(some.Draw(t, "type")), Source: some.Draw(t, "source"), Subject: text.Draw(t, "subject"),
		Actor:      event.Actor{Name: text.Draw(t, "name"), Email: text.Draw(t, "email"), Login: text.Draw(t, "login")},
		Cause:      event.Cause{Delivery: text.Draw(t, "delivery"), Commit: text.Draw(t, "commit"), CommitURL: text.Draw(t, "url"), Request: text.Draw(t, "request"), Schedule: text.Draw(t, "schedule")},
		Extensions: rapid.MapOf(rapid.StringMatching(`x[a-z0-9]{0,19}`), text).Draw(t, "extensions"),
		Data: rapid.OneOf(
			rapid.SliceOf(rapid.Byte()),
			rapid.Map(text, func(s string) []byte { b, _ := json.Marshal(map[string]string{"text": s}); return b }),
		).Draw(t, "data"),
	}
	if rapid.Bool().Draw(t, "timed") {
		e.Time = time.Unix(rapid.Int64Range(-9_000_000_000, 9_000_000_000).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds")).UTC()
	}
	if rapid.Bool().Draw(t, "typed") {
		e.Extensions["datacontenttype"] = rapid.SampledFrom([]string{"text/plain", "application/vnd.acme+json", "not a type"}).Draw(t, "content type")
	}
	if json.Valid(e.Data) {
		var compact bytes.Buffer
		if err := json.Compact(&compact, e.Data); err != nil {
			t.Fatal(err)
		}
		e.Data = compact.Bytes()
	}
	return e
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"i","source":"/s","type":"t"}`))
	f.Add([]byte(`{"specversion":"1.0","id":"i","source":"/s","type":"t","time":"2026-03-03T15:00:00.5+01:00","n":1,"b":false,"data":{"a":[1]}}`))
	f.Add([]byte(`{"specversion":"1.0","id":"i","source":"/s","type":"t","datacontenttype":"text/plain","data":"x"}`))
	f.Add([]byte(`{"specversion":"1.0","id":"i","source":"/s","type":"t","data_base64":"AP8="}`))
	f.Add([]byte("{\"specversion\":\"1.0\",\"id\":\"\xff\",\"source\":\"/s\",\"type\":\"t\",\"data\":\"\xff\"}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := event.Parse(b)
		if err != nil {
			if fault.KindOf(err) != fault.Invalid {
				t.Errorf("Parse = %v, which is of kind %q", err, fault.KindOf(err))
			}
			return
		}
		first, err := event.Encode(e)
		if err != nil {
			t.Fatalf("Encode what Parse gave: %v", err)
		}
		again, err := event.Parse(first)
		if err != nil {
			t.Fatalf("Parse what Encode gave: %v", err)
		}
		second, err := event.Encode(again)
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("an event that was read is written as\n%s\nand then, read again (%v), as\n%s", first, err, second)
		}
	})
}
