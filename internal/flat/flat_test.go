package flat_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"testing"
	"unicode/utf8"

	"github.com/callboard/callboard/internal/flat"
)

func documents() []string {
	return []string{
		`{"entity":{"a":"}\\"},"origin":{"b":[1,{}]},"document":"\"entity\":{\\\""}`,
		` { "x" : null , "origin" : { } , "entity" : {"{":"[\\\\\""} } `,
		`{"entity":{},"entity":{"again":1},"origin":{}}`,
		`{"entity":[],"origin":{}}`, `{"entity":{}`, `{"a":1.5e3,"b":true,"c":[[],[""]],"\u0065ntity":{},"origin":{"":""}}`, `{}`, ``, `"`, `{"`, `{"a":}`,
	}
}

// What is found in a JSON object is what encoding/json finds there.
func FuzzMembers(f *testing.F) {
	for _, doc := range documents() {
		f.Add(doc)
	}
	f.Fuzz(func(t *testing.T, doc string) {
		members, ok := flat.Members(doc)
		if !json.Valid([]byte(doc)) || !utf8.ValidString(doc) {
			return // encoding/json writes neither
		}
		var want map[string]json.RawMessage
		isObject := json.Unmarshal([]byte(doc), &want) == nil && want != nil
		if ok != isObject {
			t.Fatalf("%s is an object: %v, want %v", doc, ok, isObject)
		}
		got := map[string]json.RawMessage{}
		for _, m := range members {
			got[m.Key] = json.RawMessage(m.Value)
		}
		if ok && !maps.EqualFunc(got, want, func(a, b json.RawMessage) bool { return string(a) == string(b) }) {
			t.Errorf("%s\nhas %s, want %s", doc, got, want)
		}
	})
}

func TestDiffering(t *testing.T) {
	for _, tt := range []struct{ name, a, b, left, right string }{
		{"alike", `{"a":1,"b":{"c":[2]}}`, `{"b":{"c":[2]},"a":1}`, `{}`, `{}`},
		{"a value", `{"a":1,"b":2}`, `{"a":1,"b":3}`, `{"b":2}`, `{"b":3}`},
		{"within", `{"a":{"b":1,"c":{"d":1,"e":2}}}`, `{"a":{"b":1,"c":{"d":1,"e":3}}}`, `{"a":{"c":{"d":1,"e":2}}}`, `{"a":{"c":{"d":1,"e":3}}}`},
		{"comes and goes", `{"a":1,"b":{"c":1}}`, `{"b":{},"d":"\u0065"}`, `{"a":1,"b":{"c":1}}`, `{"b":{},"d":"\u0065"}`},
		{"no object any more", `{"a":{"b":1}}`, `{"a":[1]}`, `{"a":{"b":1}}`, `{"a":[1]}`},
		{"a key twice", `{"a":1,"a":2,"b":3}`, `{"a":2,"b":3}`, `{"a":1,"a":2,"b":3}`, `{"a":2,"b":3}`},
		{"no JSON", `{"a":1`, `{"a":1}`, `{"a":1`, `{"a":1}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if left, right := flat.Differing(tt.a, tt.b); left != tt.left || right != tt.right {
				t.Errorf("%s and %s, want %s and %s", left, right, tt.left, tt.right)
			}
		})
	}
}

// What is left of two objects differs if and only if they do.
func FuzzDiffering(f *testing.F) {
	for _, a := range documents() {
		for _, b := range documents() {
			f.Add(a, b)
		}
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		left, right := flat.Differing(a, b)
		var was, is, wasLeft, isLeft map[string]any
		if !utf8.ValidString(a) || !utf8.ValidString(b) || json.Unmarshal([]byte(a), &was) != nil || json.Unmarshal([]byte(b), &is) != nil {
			return
		}
		if json.Unmarshal([]byte(left), &wasLeft) != nil || json.Unmarshal([]byte(right), &isLeft) != nil {
			t.Fatalf("%s and %s\nleave %s and %s", a, b, left, right)
		}
		if reflect.DeepEqual(was, is) != reflect.DeepEqual(wasLeft, isLeft) && was != nil && is != nil {
			t.Errorf("%s and %s\nleave %s and %s", a, b, left, right)
		}
	})
}
