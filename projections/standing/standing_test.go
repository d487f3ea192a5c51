package standing_test

import (
	"context"
	"testing"
	"time"

	"github.com/callboard/callboard/internal/fault"
	"github.com/callboard/callboard/projections/deliveries"
	"github.com/callboard/callboard/projections/standing"
)

func TestOf(t *testing.T) {
	now := time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	pending := func(at time.Time) deliveries.Backlog { return deliveries.Backlog{Pending: 1, Oldest: at} }
	compared := &standing.Survey{Compared: ago(40)}
	for _, tt := range []struct {
		name    string
		facts   standing.Facts
		through time.Time
		is      standing.Condition
		late    bool
	}{
		{"nothing came, and nobody asks", standing.Facts{}, time.Time{}, standing.Silent, false},
		{"nobody asks, and all is handled", standing.Facts{Heard: ago(600)}, now, standing.Complete, false},
		{"surveys are to begin", standing.Facts{Heard: ago(600), Survey: &standing.Survey{}}, now, standing.Complete, false},
		{"the first comparison runs", standing.Facts{Heard: ago(600), Survey: &standing.Survey{Running: "compare"}}, ago(600), standing.Reading, true},
		{"the first comparison of a new source runs", standing.Facts{Survey: &standing.Survey{Running: "compare"}}, time.Time{}, standing.Reading, false},
		{"the last comparison ended well", standing.Facts{Survey: compared}, now, standing.Complete, false},
		{"another one runs", standing.Facts{Survey: &standing.Survey{Compared: ago(60), Running: "compare"}}, now, standing.Complete, false},
		{"a delivery came just now", standing.Facts{Survey: compared, Backlog: pending(now.Add(-time.Second))}, now.Add(-time.Second), standing.Reading, false},
		{"a delivery waits", standing.Facts{Survey: compared, Backlog: pending(ago(2))}, ago(2), standing.Late, true},
		{"what failed waits for a person, not for time", standing.Facts{Survey: compared, Backlog: deliveries.Backlog{Failed: 3, Held: 1}}, now, standing.Complete, false},
		{"the forge cannot be asked: the comparison was later", standing.Facts{Heard: ago(90), Survey: &standing.Survey{Compared: ago(40), Err: "401"}}, ago(40), standing.Unreachable, true},
		{"the forge cannot be asked: a delivery was later", standing.Facts{Heard: ago(9), Survey: &standing.Survey{Compared: ago(40), Err: "401"}}, ago(9), standing.Unreachable, true},
		{"the forge could never be asked", standing.Facts{Survey: &standing.Survey{Err: "401"}}, time.Time{}, standing.Unreachable, true},
		{"a gap is open", standing.Facts{Survey: compared, Missed: ago(7)}, ago(7), standing.Gap, true},
		{"a gap is older than what waits", standing.Facts{Survey: compared, Missed: ago(7), Backlog: pending(ago(5))}, ago(7), standing.Gap, true},
		{"what waits is older than the gap", standing.Facts{Survey: compared, Missed: ago(5), Backlog: pending(ago(7))}, ago(7), standing.Late, true},
		{"one repository could not be compared", standing.Facts{Heard: ago(9), Survey: &standing.Survey{Compared: ago(1), Odd: []standing.Odd{{Since: ago(61)}}}}, ago(61), standing.Partial, true},
		{"one could never be compared", standing.Facts{Heard: ago(9), Survey: &standing.Survey{Compared: ago(1), Odd: []standing.Odd{{}}}}, ago(9), standing.Partial, true},
		{"what is sent cannot be stored", standing.Facts{Heard: ago(9), Survey: compared, Losing: ago(3)}, ago(3), standing.Losing, true},
		{"a repository is read for the first time", standing.Facts{Survey: compared, Backlog: deliveries.Backlog{Pending: 2, Oldest: now.Add(-time.Second), Unread: true}}, time.Time{}, standing.Reading, false},
		{"a repository waits to be read for the first time", standing.Facts{Survey: compared, Backlog: deliveries.Backlog{Pending: 2, Oldest: ago(2), Unread: true}}, time.Time{}, standing.Late, true},
		{"no webhook tells", standing.Facts{Heard: ago(600), Unheard: true, Survey: compared}, ago(40), standing.Unheard, true},
		{"no webhook tells, and what one told last is read", standing.Facts{Heard: ago(1), Unheard: true, Survey: compared, Backlog: pending(ago(1))}, ago(40), standing.Unheard, true},
		{"no webhook tells, and the forge cannot be asked", standing.Facts{Heard: ago(9), Unheard: true, Survey: &standing.Survey{Compared: ago(40), Err: "401"}}, ago(40), standing.Unreachable, true},
		{"no webhook tells, and the first comparison runs", standing.Facts{Heard: ago(9), Unheard: true, Survey: &standing.Survey{Running: "compare"}}, time.Time{}, standing.Reading, false},
		{"a gap does not make known what is not", standing.Facts{Missed: ago(7), Survey: &standing.Survey{Err: "401"}}, time.Time{}, standing.Unreachable, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := standing.Of(now, tt.facts)
			if !got.Through.Equal(tt.through) || got.Is != tt.is || got.Late() != tt.late {
				t.Errorf("through %v, %s, late %v; want through %v, %s, late %v", got.Through, got.Is, got.Late(), tt.through, tt.is, tt.late)
			}
			if want := now.Sub(tt.through); !tt.through.IsZero() && got.Lag != want || tt.through.IsZero() && got.Lag != 0 {
				t.Errorf("the lag is %v", got.Lag)
			}
		})
	}
}

func TestNoSuchSource(t *testing.T) {
	r := standing.Reader{Sources: func() []string { return nil }, Deliveries: none{}, Now: time.Now}
	if _, err := r.One(t.Context(), "github"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the error is %v", err)
	}
}

// none is that nothing came.
type none struct{}

func (none) Backlogs(context.Context) (map[string]deliveries.Backlog, error) { return nil, nil }

func (none) Heard(context.Context, string) (deliveries.Delivery, bool, error) {
	return deliveries.Delivery{}, false, nil
}

// That a webhook is missing is told until something comes, if none is there; then it is
// not known which webhook that came by, so that what was missed is not looked for.
func TestUnhooked(t *testing.T) {
	now := time.Date(2026, 3, 12, 14, 3, 10, 0, time.UTC)
	came := func(minutes int) *deliveries.Delivery {
		return &deliveries.Delivery{Received: now.Add(time.Duration(minutes) * time.Minute)}
	}
	for _, tt := range []struct {
		name             string
		last             *deliveries.Delivery
		survey           *standing.Survey
		unhooked, unseen string
	}{
		{"it is not surveyed", came(1), nil, "", ""},
		{"none is missing", came(1), &standing.Survey{Unseen: "denied"}, "", "denied"},
		{"nothing came", nil, &standing.Survey{NoHook: standing.NoHook{Says: "none", Since: now}}, "none", ""},
		{"nothing came since", came(-1), &standing.Survey{NoHook: standing.NoHook{Says: "none", Since: now}}, "none", ""},
		{"something was on its way", came(1), &standing.Survey{NoHook: standing.NoHook{Says: "none", Since: now}}, "none", ""},
		{"something came since", came(2), &standing.Survey{NoHook: standing.NoHook{Says: "none", Since: now}}, "", "none"},
		{"something came by another", came(2), &standing.Survey{NoHook: standing.NoHook{Says: "one", Partly: true, Since: now}}, "one", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := standing.State{Last: tt.last, Survey: tt.survey}
			if s.Unhooked() != tt.unhooked || s.Unseen() != tt.unseen {
				t.Errorf("missing is %q, not looked for since %q", s.Unhooked(), s.Unseen())
			}
		})
	}
}
