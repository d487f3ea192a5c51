package ingest

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/callboard/callboard/event"
)

// ReadPayload reads JSON of a forge into v. Forges add to what they send, and
// change it, without notice: a value of another type than v has for it is left
// out. The error says that the text is no JSON.
func ReadPayload(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if wrong := (*json.UnmarshalTypeError)(nil); errors.As(err, &wrong) {
		return nil // all the rest has been read
	}
	return err
}

// Moment is a time in any of the forms in which forges write it: RFC 3339, Unix
// seconds, "2015-01-01 10:00:00 UTC", "2015-01-01 10:00:00 +0200". Zero stands for
// what is no time since 1970. Once read, it is in UTC.
type Moment struct{ time.Time }

// UnmarshalJSON implements [json.Unmarshaler]. There are no errors.
func (m *Moment) UnmarshalJSON(b []byte) error {
	m.Time = time.Time{}
	if seconds, err := strconv.ParseInt(string(b), 10, 64); err == nil {
		m.set(time.Unix(seconds, 0))
		return nil
	}
	var text string
	if json.Unmarshal(b, &text) != nil {
		return nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05 UTC", "2006-01-02 15:04:05 -0700", "2006-01-02T15:04:05-0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			m.set(t)
			return nil
		}
	}
	return nil
}

// set leaves out what JSON or a log could not hold.
func (m *Moment) set(t time.Time) {
	if t = t.UTC(); t.Unix() > 0 && t.Year() <= 9999 {
		m.Time = t
	}
}

// maxShort is how much of a text is kept that a forge allows to be long, in characters.
const maxShort = 300

// Short cuts a text for people to one line of at most 300 characters.
func Short(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if n := 0; len(s) > maxShort {
		for i := range s {
			if n++; n > maxShort {
				return s[:i]
			}
		}
	}
	return s
}

// WebPage returns an address that can be a link; "" for any other.
func WebPage(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

// SHA returns a full Git object id; "" for what is none, and for 40 zeros.
func SHA(s string) string {
	if !IsSHA(s) || IsZeroSHA(s) {
		return ""
	}
	return s
}

// Say makes an event for [Meaning.Said], about a repository or an account of a
// source. A zero time is when the delivery came.
func Say(source, subject string, at time.Time, by event.Actor, data event.Data) (event.Event, error) {
	e, err := event.New(event.SourcePrefix+source, subject, data)
	e.Time, e.Actor = at, by
	return e, err
}
