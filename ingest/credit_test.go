package ingest_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/eventlog"
)

// blame is whom an event names.
type blame struct {
	Subject, Login, Commit string
	At                     time.Time
}

func blames(recs []eventlog.Record) []blame {
	var bs []blame
	for _, r := range recs {
		bs = append(bs, blame{r.Subject, r.Actor.Login, r.Cause.Commit, r.Time})
	}
	return bs
}

// by is whom a commit would be blamed on.
func (w *world) by(subject, sha string) blame {
	c := w.forge.repo("payments").commits[sha]
	return blame{subject, c.Author.Login, sha, c.Time}
}

const (
	compX = "component:default/x"
	compY = "component:default/y"
)

func TestBlame(t *testing.T) {
	x, y := component("x", "a"), component("y", "a")
	x2 := component("x", "b")
	main := func(w *world) string { return w.forge.repo("payments").head }
	// Each case starts after a first push of x by mossbank, and moves main on.
	tests := []struct {
		name string
		move func(w *world) []blame // what must be blamed then
		most []string               // questions to the forge beyond head, tree and blobs
	}{
		{"one commit", func(w *world) []blame {
			sha := w.forge.push("payments", "tamarisk", files{"a/" + yaml: x, yaml: y})
			return []blame{w.by(compX, sha), w.by(compY, sha)}
		}, []string{"between", "between"}},
		{"several commits", func(w *world) []blame {
			first := w.forge.push("payments", "tamarisk", files{yaml: x2})
			second := w.forge.push("payments", "kestrel-7", files{yaml: x2, "b/" + yaml: y})
			w.forge.push("payments", "saltmarsh", files{yaml: x2, "b/" + yaml: y, "README.md": "more"})
			return []blame{w.by(compY, second), w.by(compX, first)}
		}, nil},
		{"a merge", func(w *world) []blame {
			base := main(w)
			branch := w.forge.commit("payments", "tamarisk", files{yaml: x2}, base)
			branch = w.forge.commit("payments", "tamarisk", files{yaml: x2, "b/" + yaml: y}, branch)
			merge := w.forge.commit("payments", "kestrel-7", files{yaml: x2, "b/" + yaml: y}, base, branch)
			w.forge.repo("payments").head = merge
			return []blame{w.by(compY, merge), w.by(compX, merge)}
		}, []string{"between", "between"}},
		{"two merges", func(w *world) []blame {
			base := main(w)
			one := w.forge.commit("payments", "tamarisk", files{yaml: x2}, base)
			merge1 := w.forge.commit("payments", "kestrel-7", files{yaml: x2}, base, one)
			two := w.forge.commit("payments", "saltmarsh", files{yaml: x2, "b/" + yaml: y}, one)
			merge2 := w.forge.commit("payments", "kestrel-7", files{yaml: x2, "b/" + yaml: y}, merge1, two)
			w.forge.repo("payments").head = merge2
			return []blame{w.by(compY, merge2), w.by(compX, merge1)}
		}, nil},
		{"a deletion among several commits", func(w *world) []blame {
			w.forge.push("payments", "tamarisk", files{yaml: x, "README.md": "more"})
			gone := w.forge.push("payments", "saltmarsh", files{"README.md": "more"})
			w.forge.push("payments", "kestrel-7", files{"README.md": "and more"})
			return []blame{w.by(compX, gone)}
		}, nil},
		{"rewritten: another commit in its place", func(w *world) []blame {
			sha := w.forge.commit("payments", "tamarisk", files{yaml: x2})
			w.forge.repo("payments").head = sha
			return []blame{w.by(compX, sha)}
		}, nil},
		{"rewritten: back to what was before", func(w *world) []blame {
			old := main(w)
			w.push("payments", "tamarisk", files{yaml: x2})
			w.forge.repo("payments").head = old
			return []blame{{compX, "pusher", old, time.Time{}}} // zero stands for the moment of recording
		}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t)
			w.push("payments", "mossbank", files{yaml: x})
			want := tt.move(w)
			w.forge.asked = nil
			recs := w.handle(w.delivery("payments", main(w)))
			got := blames(recs)
			for i, r := range recs {
				if i < len(want) && want[i].At.IsZero() && r.Time.Equal(r.Recorded) {
					got[i].At = time.Time{}
				}
				if r.Cause.Delivery == "" || r.Cause.CommitURL == "" {
					t.Errorf("the cause is %+v", r.Cause)
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if tt.most != nil {
				var more []string
				for _, q := range w.forge.asked {
					if q != "head" && q != "tree" && q[:4] != "blob" {
						more = append(more, q)
					}
				}
				if diff := cmp.Diff(tt.most, more); diff != "" {
					t.Errorf("asked (-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestBlameOfWhatWasThereBefore(t *testing.T) {
	w := newWorld(t)
	old := w.forge.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.forge.push("payments", "tamarisk", files{yaml: component("x", "a"), "README.md": "more"})
	got := blames(w.handle(w.delivery("payments", w.forge.repo("payments").head)))
	if diff := cmp.Diff([]blame{w.by(compX, old)}, got); diff != "" {
		t.Errorf("a repository seen for the first time (-want +got):\n%s", diff)
	}
}

func TestRequestsOfAPushWithoutDescriptors(t *testing.T) {
	w := newWorld(t)
	w.push("payments", "mossbank", files{yaml: component("x", "a")})
	w.forge.asked = nil
	w.push("payments", "mossbank", files{yaml: component("x", "a"), "README.md": "more"})
	if diff := cmp.Diff([]string{"head", "tree"}, w.forge.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if got := w.outcome(); got.Status != event.DeliveryDone || len(got.Events) > 0 {
		t.Errorf("the outcome is %+v", got)
	}
}
