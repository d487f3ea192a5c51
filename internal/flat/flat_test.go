package flat_test

import (
	"encoding/json"
	"testing"

	"github.com/callboard/callboard/internal/flat"
)

// What is found in a JSON object is what encoding/json finds there.
func FuzzParts(f *testing.F) {
	for _, doc := range []string{
		`{"entity":{"a":"}\\"},"origin":{"b":[1,{}]},"document":"\"entity\":{\\\""}`,
		` { "x" : null , "origin" : { } , "entity" : {"{":"[\\\\\""} } `,
		`{"entity":{},"entity":{"again":1},"origin":{}}`,
		`{"entity":[],"origin":{}}`, `{"entity":{}`, `{"a":1.5e3,"b":true,"c":[[],[""]],"\u0065ntity":{},"origin":{"":""}}`, `{}`, ``, `"`, `{"`, `{"a":}`,
	} {
		f.Add(doc)
	}
	if entity, origin, ok := flat.Parts(`{"origin":{"b":2},"document":"\"","entity":{"a":1}}`, "entity", "origin"); !ok || entity != `{"a":1}` || origin != `{"b":2}` {
		f.Error(entity, origin, ok)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		entity, origin, ok := flat.Parts(doc, "entity", "origin")
		if !json.Valid([]byte(doc)) {
			return
		}
		var want map[string]json.RawMessage
		if json.Unmarshal([]byte(doc), &want) != nil {
			want = nil
		}
		if ok && (entity != string(want["entity"]) || origin != string(want["origin"])) {
			t.Errorf("%s\nentity %s, origin %s", doc, entity, origin)
		}
	})
}
