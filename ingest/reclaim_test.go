package ingest_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
)

func TestReclaim(t *testing.T) {
	tests := map[string]files{
		"it declares it no more": {yaml: component("other", "a")},
		"its file is gone":       {},
	}
	for name, without := range tests {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.push("payments", "mossbank", files{yaml: component("x", "a")})
			w.push("ledger", "tamarisk", files{yaml: component("x", "b")})
			w.push("books", "saltmarsh", files{yaml: component("x", "c")})
			if asked := w.reclaim(); len(asked) > 0 {
				t.Fatalf("nothing was removed, and %v is asked for", asked)
			}
			w.push("payments", "mossbank", without)
			asked := w.reclaim()
			if len(asked) != 2 {
				t.Fatalf("%d deliveries are asked for, want those of both others", len(asked))
			}
			r, err := event.DecodeAs[event.DeliveryReplayed](asked[0].Event)
			if err != nil {
				t.Fatal(err)
			}
			if want := "component:default/x is no longer declared in acme/payments"; r.Reason != want {
				t.Errorf("the reason is %q, want %q", r.Reason, want)
			}
			if again := w.reclaim(); len(again) > 0 {
				t.Errorf("they are asked for twice: %v", again)
			}
			got := append(tell(t, w.handle(asked[0])), tell(t, w.handle(asked[1]))...)
			want := []string{
				"registered component:default/x in catalog-info.yaml owner b",
				"conflicted component:default/x in catalog-info.yaml with acme/ledger/catalog-info.yaml",
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
