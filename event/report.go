package event

import (
	"bytes"
	"encoding/json"
	"regexp"
	"time"
	"unicode/utf8"

	"github.com/callboard/callboard/internal/fault"
)

// The most that may be reported at once.
const (
	MaxReports     = 500
	maxReportValue = 16 << 10 // bytes of one
	maxReportDepth = 32
	maxReportID    = 200 // characters, as of names of people
	maxAhead       = 5 * time.Minute
)

// Report is one fact that somebody knows of an entity or of a repository.
type Report struct {
	Entity     string          // full ref; empty for one of a repository
	Repository Repository      // with what it is called
	Name       string          // "coverage"
	Value      json.RawMessage // null: it is not there any more
	Time       time.Time       // when it became true; zero = now
	Until      time.Time       // from when on it says nothing any more; zero = in thirty days
	ID         string          // the same for the same report; empty: no report is the same
}

var factName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9._-]{0,99}$`)

// Check returns what is wrong with a report, of kind fault.Invalid.
func (r *Report) Check(now time.Time) error {
	value := bytes.TrimSpace(r.Value)
	switch {
	case !factName.MatchString(r.Name):
		return fault.New(fault.Invalid, "name: %q is no name of a fact: it begins with a letter, and up to 99 letters, digits, dots, dashes and underscores follow", cut(r.Name))
	case len(value) == 0:
		return fault.New(fault.Invalid, "value is missing; null says that the fact is not there any more")
	case len(value) > maxReportValue:
		return fault.New(fault.Invalid, "value has %d bytes; the most is %d", len(value), maxReportValue)
	case !json.Valid(value):
		return fault.New(fault.Invalid, "value is no JSON")
	case depthOf(value) > maxReportDepth:
		return fault.New(fault.Invalid, "value is nested more than %d deep", maxReportDepth)
	case r.Time.After(now.Add(maxAhead)):
		return fault.New(fault.Invalid, "time is still to come: %s", r.Time.Format(time.RFC3339))
	case !r.Until.IsZero() && !r.Until.After(r.At(now)):
		return fault.New(fault.Invalid, "until must be after the time of the fact, found %s", r.Until.Format(time.RFC3339))
	case utf8.RuneCountInString(r.ID) > maxReportID:
		return fault.New(fault.Invalid, "id has more than %d characters", maxReportID)
	}
	r.Value = value
	return nil
}

// At is when it became true: now, if it does not say.
func (r *Report) At(now time.Time) time.Time {
	if r.Time.IsZero() || r.Time.After(now) {
		return now
	}
	return r.Time
}

func cut(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// depthOf is how deep valid JSON is nested.
func depthOf(value []byte) int {
	deepest, depth, inString := 0, 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest
}
