package event_test

import (
	"testing"

	"github.com/callboard/callboard/event"
)

func TestDeriveID(t *testing.T) {
	const known = "DeriveID must never change: repeats are recognised by it"
	if got, want := event.DeriveID(0, "github", "72d3162e"), "pWy1FoyCOjLHiDgXpxnwH8LN"; got != want {
		t.Errorf("DeriveID = %q, want %q: %s", got, want, known)
	}

	seen := map[string]string{}
	for _, c := range []struct {
		name  string
		n     int
		parts []string
	}{
		{"no parts", 0, nil},
		{"an empty part", 0, []string{""}},
		{"two empty parts", 0, []string{"", ""}},
		{"one part", 0, []string{"abc"}},
		{"the same, the next event", 1, []string{"abc"}},
		{"split after a", 0, []string{"a", "bc"}},
		{"split after b", 0, []string{"ab", "c"}},
		{"other order", 0, []string{"bc", "a"}},
		{"a part like the prefix of a length", 0, []string{"1:a2:bc"}},
		{"a part like the number", 0, []string{"abc#0"}},
		{"negative", -1, []string{"abc"}},
	} {
		id := event.DeriveID(c.n, c.parts...)
		if id != event.DeriveID(c.n, c.parts...) {
			t.Errorf("%s: two calls give two ids", c.name)
		}
		if other, ok := seen[id]; ok {
			t.Errorf("%s has the id of %s", c.name, other)
		}
		seen[id] = c.name
		if len(id) != 24 {
			t.Errorf("%s: id %q has %d characters, want 24", c.name, id, len(id))
		}
	}
}
