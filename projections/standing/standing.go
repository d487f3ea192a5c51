// Package standing tells how each source stands: up to which moment all of it is
// known, and what keeps that from being now. Pages, the API and the metrics all
// take it from here.
//
// Start with [Of], which decides, and [Reader], which gathers what it decides by.
package standing

import (
	"time"

	"github.com/callboard/callboard/event"
	"github.com/callboard/callboard/projections/deliveries"
)

// LateAfter is how far behind a source may be before that is said.
const LateAfter = 10 * time.Second

// Condition is what keeps a source from being known up to now.
type Condition string

// The conditions.
const (
	Complete    Condition = "complete"    // nothing does
	Reading     Condition = "reading"     // something of it is being read just now
	Late        Condition = "late"        // a delivery waits for longer than usual
	Gap         Condition = "gap"         // something was missed, and is not made up for
	Losing      Condition = "losing"      // what it sends cannot be stored
	Unreachable Condition = "unreachable" // its forge cannot be asked
	Partial     Condition = "partial"     // some of its repositories could not be compared
	Unheard     Condition = "unheard"     // no webhook leads here: comparisons alone tell
	Silent      Condition = "silent"      // nothing came, and nothing was asked
)

// Truth is how complete what is known of a source is.
type Truth struct {
	Through time.Time // all that happened before is known; zero: nobody can say
	Lag     time.Duration
	Is      Condition
	// Told says that only deliveries tell: nobody asks the forge what it did not send.
	Told bool
}

// Late reports whether it is to be said that the source is behind.
func (t Truth) Late() bool {
	return t.Lag > LateAfter || t.Through.IsZero() && (t.Is == Unreachable || t.Is == Late)
}

// Facts are what a Truth is decided by.
type Facts struct {
	Backlog deliveries.Backlog
	Heard   time.Time // when its newest delivery came; zero if none did
	Missed  time.Time // when the oldest of what was missed happened; zero if nothing was
	Losing  time.Time // since when what it sends cannot be stored; zero if it can
	Survey  *Survey   // nil: it is not surveyed
	Unheard bool      // of what moves no webhook tells
}

// Survey is how the surveys of a source stand.
type Survey struct {
	Running  string // what is done just now, for people; "" while nothing is
	Done     int    // repositories that were looked at in the run
	Total    int    // that it has to look at; 0 while they are listed
	Found    int    // repositories of the last list that was whole
	Compared time.Time
	Checked  time.Time
	Read     time.Time
	Err      string // why the last run did not end well, for people
	Unseen   string // why missed deliveries are not looked for
	NoHook   NoHook
	Odd      []Odd // repositories that could not be compared
	Missing  []event.Repository
	People   People
	Budget   Budget
}

// NoHook says which webhooks are missing at the forge; zero if none is, or nobody can
// say.
type NoHook struct {
	Says   string // for people
	Partly bool   // of others of the source there are some
	Since  time.Time
}

// Odd is a repository that the forge gives no answer about that makes sense.
type Odd struct {
	Repository event.Repository
	Err        string    // for people
	Since      time.Time // all that happened in it before is known; zero: nobody can say
}

// People is how the teams and members of a source stand; zero if it has none, or
// they were not read so far.
type People struct {
	Groups, People int       // of the last reading that ended well
	Read           time.Time // when that began
	Err            string    // why they cannot be read, for people; "" if they can
	LeftOut        []string  // who of them is, and why
}

// Told reports whether there is something to say of them.
func (p People) Told() bool { return p.Err != "" || !p.Read.IsZero() }

// Backfill is how far the past of a source's repositories is read.
type Backfill struct {
	Began, Ended time.Time // Ended is zero while it runs
	Done, Total  int       // repositories
	Repository   string    // whose past is being read
	Events       int       // that were appended
	Failed       int       // repositories whose past could not be read
	Problems     []string  // why, for people; of the first few
	Err          string    // why it ended before all were looked at; "" if it did not
}

// Budget is how much a forge may be asked in the present window.
type Budget struct {
	Limit, Remaining int // 0, 0: not known
	Reset            time.Time
}

// asked reports whether the forge was asked, or is being asked.
func (s *Survey) asked() bool {
	return s != nil && (s.Running != "" || s.Err != "" || !s.Compared.IsZero())
}

// Of decides. Of what bounds a source, the earliest does.
func Of(now time.Time, f Facts) Truth {
	t := Truth{Through: now, Is: Complete, Told: !f.Survey.asked()}
	bound := func(at time.Time, is Condition) {
		if at.Before(t.Through) {
			t.Through, t.Is = at, is
		}
	}
	switch s := f.Survey; {
	case t.Told && f.Heard.IsZero():
		bound(time.Time{}, Silent)
	case t.Told:
	case s.Err != "" && f.Unheard:
		bound(s.Compared, Unreachable)
	case s.Err != "":
		bound(latest(s.Compared, f.Heard), Unreachable)
	case s.Compared.IsZero() && f.Unheard:
		bound(time.Time{}, Reading)
	case s.Compared.IsZero(): // it is being compared for the first time
		bound(f.Heard, Reading)
	case f.Unheard:
		bound(s.Compared, Unheard)
	}
	if f.Survey != nil {
		for _, o := range f.Survey.Odd {
			if o.Since.IsZero() {
				o.Since = f.Heard
			}
			bound(o.Since, Partial)
		}
	}
	if f.Backlog.Pending > 0 {
		is := Reading
		if now.Sub(f.Backlog.Oldest) > LateAfter {
			is = Late
		}
		at := f.Backlog.Oldest
		if f.Backlog.Unread { // what happened in it before it was found is not known, either
			at = time.Time{}
		}
		bound(at, is)
	}
	if !f.Missed.IsZero() {
		bound(f.Missed, Gap)
	}
	if !f.Losing.IsZero() {
		bound(f.Losing, Losing)
	}
	if !t.Through.IsZero() {
		t.Lag = now.Sub(t.Through)
	}
	return t
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
